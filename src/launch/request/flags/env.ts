import { flagError } from './csv.js';

/** Variables by name; what a flag names without a value and the client lacks is left out, as docker does. */
export type Variables = Readonly<Record<string, string>>;

/** `-e NAME=value`, or `-e NAME` for the client's own value. */
export function parseEnv(text: string, clientEnv: NodeJS.ProcessEnv): Variables {
  return readVariable({ flag: '-e', text }, text, clientEnv);
}

/** The text of an `--env-file`: `NAME=value` or `NAME` a line, `#` starts a comment line, quotes are part of the value. */
export function parseEnvFile(text: string, name: string, clientEnv: NodeJS.ProcessEnv): Variables {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return Object.assign(
    {},
    ...lines.map((line, index) => {
      const trimmed = line.trimStart();
      if (trimmed === '' || trimmed.startsWith('#')) return {};
      return readVariable({ flag: '--env-file', text: `${name} line ${index + 1}` }, trimmed, clientEnv);
    }),
  ) as Variables;
}

function readVariable(where: { flag: string; text: string }, line: string, clientEnv: NodeJS.ProcessEnv): Variables {
  const at = line.indexOf('=');
  const name = at < 0 ? line.trimEnd() : line.slice(0, at);
  if (name === '' || /\s/.test(name)) {
    throw flagError(where.flag, where.text, `${JSON.stringify(name)} is not a variable name; expected NAME=value`);
  }
  const value = at < 0 ? clientEnv[name] : line.slice(at + 1);
  return value === undefined ? {} : { [name]: value };
}
