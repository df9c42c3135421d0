import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, messageOf } from '../../errors.js';
import { findForeignWriter, makeFolders } from '../../private-folder.js';
import { isRunning, readIdentity, type ProcessIdentity } from './process.js';

/**
 * Two launchers that start the same name at once: the second one is told so. A lock whose holder is gone is taken over. Throws USAGE where
 * the folder above cannot be used.
 */
export async function lock(folder: string, name: string): Promise<() => Promise<void>> {
  const path = `${folder}.lock`;
  try {
    makeFolders(dirname(folder));
  } catch (thrown) {
    const text = `The folder of native servers, ${dirname(folder)}, cannot be created: ${messageOf(thrown)}. Name another: SLIPWAY_STATE_DIR=/path`;
    throw new AppError('USAGE', text, { cause: thrown });
  }
  await refuseForeign(dirname(folder));
  const holder = JSON.stringify(await readIdentity(process.pid));
  for (;;) {
    try {
      await writeFile(path, holder, { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw unwritable(thrown);
      }
    }
    const text = await readFile(path, 'utf8').catch(() => '');
    if (await isRunning(parseIdentity(text))) {
      throw new AppError('USAGE', `Another launch is starting ${name} right now (${path}). Try again in a moment.`);
    }
    await rm(path, { force: true });
  }
}

/** What a file system says that takes no record of a server. */
export function unwritable(thrown: unknown): AppError {
  const text = `The folder of native servers cannot be written: ${messageOf(thrown)}. Name another: SLIPWAY_STATE_DIR=/path`;
  return new AppError('USAGE', text, { cause: thrown });
}

/** Whoever can write there decides what supervisors start. */
async function refuseForeign(folder: string): Promise<void> {
  const userId = process.getuid?.();
  const foreign = await findForeignWriter(folder, userId);
  if (foreign === undefined) return;
  const text = `The folder of native servers, ${folder}, ${foreign}, so another user than ${userId} could decide what is started from it. Correct it (chmod 700), or name another: SLIPWAY_STATE_DIR=/path`;
  throw new AppError('USAGE', text);
}

/** Whose lock it is; undefined for a text that was cut short. */
function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'pid' in value ? (value as ProcessIdentity) : undefined;
  } catch {
    return undefined;
  }
}
