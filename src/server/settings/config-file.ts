import { nearest } from '../../command-line/suggestion.js';
import { AppError, messageOf } from '../../errors.js';
import { dashed, flags, type Flag, type FlagName } from './flag-table.js';

/** Names that are read before the file is. */
const before: readonly FlagName[] = ['config', 'supervisor'];

/** Flags that a file may hold. */
const names = (Object.keys(flags) as readonly FlagName[]).filter((name) => !before.includes(name));

/** Whether a file of settings may hold a flag. */
export function isConfigKey(name: FlagName): boolean {
  return names.includes(name);
}

/** Texts by flag, as a command line would have them. */
export type ConfigTexts = Readonly<Partial<Record<FlagName, string>>>;

/** Reads a file of settings: a JSON object whose keys are the flags' names. Throws USAGE that names the file, the key and what is expected. */
export function parseConfigFile(text: string, path: string): ConfigTexts {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (thrown) {
    throw new AppError(
      'USAGE',
      `${path} is not JSON (${messageOf(thrown)}). Expected an object such as {"port": 8000}.`,
    );
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new AppError('USAGE', `${path} is not an object. Expected one such as {"port": 8000}.`);
  return textsOf(document, path);
}

/** The texts of an object whose keys are the flags' names; `path` is what errors call it. Throws USAGE that names key and value. */
export function textsOf(document: object, path: string): ConfigTexts {
  const entries = Object.entries(document).filter(([key]) => key !== '$schema');
  return Object.fromEntries(entries.map(([key, value]) => [flagOf(key, path), textOf(value, key, path)]));
}

function flagOf(key: string, path: string): FlagName {
  const name = names.find((each) => dashed(each) === key);
  if (name !== undefined) return name;
  const isEarly = before.some((each) => dashed(each) === key);
  const hint = isEarly
    ? 'it is read before the file: use the flag or its variable'
    : `expected the name of a flag, such as ${nearest(key, names.map(dashed)) ?? 'max-body-bytes'}`;
  throw new AppError('USAGE', `${path}: "${key}" is not allowed: ${hint}. slipway --config-schema prints what is.`);
}

function textOf(...[value, key, path]: readonly [unknown, string, string]): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string' && !item.includes(',')))
    return value.join(',');
  throw new AppError(
    'USAGE',
    `${path}: "${key}" is ${JSON.stringify(value)}: expected a string, a number, true, false or a list of strings.`,
  );
}

/** The JSON Schema of such a file, from the same table as the flags. */
export function configSchema(): object {
  const properties = Object.fromEntries(
    names.map((name) => {
      const { kind, help }: Flag<unknown> = flags[name];
      return [dashed(name), { description: help, ...kind.schema }];
    }),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: "Slipway's settings",
    description:
      'Each is a flag and an environment variable too: "log-level" is --log-level and SLIPWAY_LOG_LEVEL. A flag wins over a variable, and that over this file.',
    type: 'object',
    properties: { $schema: { type: 'string' }, ...properties },
    additionalProperties: false,
  };
}
