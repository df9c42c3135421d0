import { AppError, messageOf } from '../../../errors.js';
import { readRegularFile } from '../../../regular-file.js';

/** Keys that steps show to other servers, by the names that pipeline.json has. */
export type StepKeys = (name: string) => Promise<string>;

const keyShape = /^[\x21-\x7e]{1,4096}$/;

/** From SLIPWAY_STEP_KEY_NAME, or the file that SLIPWAY_STEP_KEY_NAME_FILE names, read anew each time. Rejects with USAGE, without the key. */
export function createStepKeys(env: NodeJS.ProcessEnv): StepKeys {
  return async (name) => {
    const variable = `SLIPWAY_STEP_KEY_${name}`;
    const path = env[`${variable}_FILE`];
    const key = env[variable] ?? (path === undefined ? undefined : await readKey(path, `${variable}_FILE`));
    if (key === undefined) {
      throw new AppError(
        'USAGE',
        `the key '${name}' is not there: set ${variable}, or ${variable}_FILE to the path of a file`,
      );
    }
    if (!keyShape.test(key)) {
      throw new AppError('USAGE', `the key '${name}' is invalid: expected one line of visible characters`);
    }
    return key;
  };
}

async function readKey(path: string, variable: string): Promise<string> {
  try {
    return String(await readRegularFile(path)).trim();
  } catch (cause) {
    throw new AppError('USAGE', `the file that ${variable} names cannot be read (${messageOf(cause)})`, { cause });
  }
}
