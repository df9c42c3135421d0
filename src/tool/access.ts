import { readFile } from 'node:fs/promises';
import type { HttpClientOptions } from '../client/http.js';
import { AppError, messageOf } from '../errors.js';
import { readDuration } from '../launch/text/time.js';
import type { Command } from 'commander';

/** Flags of a command that asks a server. */
export interface AccessFlags {
  readonly url?: string;
  readonly keyFile?: string;
  readonly ca?: string;
}

/** How a server is reached: the flags, else the environment. */
export interface Access {
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: NonNullable<HttpClientOptions['tls']>;
}

/** Reads the key and the authority that flags or environment name. Throws USAGE for a file that cannot be read or holds none. */
export async function readAccess({ url, keyFile, ca }: AccessFlags, env: NodeJS.ProcessEnv): Promise<Access> {
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const key = keyFile === undefined ? given('SLIPWAY_API_KEY') : parseKey(await read('--key-file', keyFile), keyFile);
  return {
    url: url ?? given('SLIPWAY_URL'),
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    tls: ca === undefined ? {} : { ca: await read('--ca', ca) },
  };
}

async function read(flag: string, path: string): Promise<string> {
  return readFile(path, 'utf8').catch((thrown: unknown) => {
    throw new AppError('USAGE', `${flag} ${path} cannot be read: ${messageOf(thrown)}.`, { cause: thrown });
  });
}

/** The first key of a file, alone on its line or as the server's own file has it: `NAME:ROLE:KEY`. */
function parseKey(text: string, path: string): string {
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.replace(/(^|\s)#.*$/, '').trim());
  const [, named, bare] =
    /^(?:[^:\s]+:(?:predict|admin):(\S+)|(\S+))$/.exec(lines.find((line) => line !== '') ?? '') ?? [];
  const key = named ?? bare;
  if (key === undefined)
    throw new AppError('USAGE', `--key-file ${path} holds no key: expected one on a line of its own.`);
  if (named?.startsWith('sha256:') === true) {
    throw new AppError(
      'USAGE',
      `--key-file ${path} holds the digest of a key, from which the key cannot be recovered. Give a file with the key itself.`,
    );
  }
  return key;
}

/** Seconds of --timeout: more than none, a day at most. Throws USAGE. */
export function parseSeconds(text: string): number {
  const seconds = (readDuration(text) ?? 0) / 1000;
  if (seconds > 0 && seconds <= 86_400) return seconds;
  throw new AppError('USAGE', `--timeout ${text}: expected a time such as 30, 90s or 2m, a day at most.`);
}

/** Adds the flags by which a command reaches a server. */
export function addAccessOptions(command: Command): Command {
  return command
    .option('--url <url>', 'address of the server (SLIPWAY_URL, else 127.0.0.1:8000, else the one that launch runs)')
    .option('--key-file <file>', 'file with the access key (else SLIPWAY_API_KEY)')
    .option('--ca <file>', "authority of the server's certificate, PEM")
    .option('--timeout <seconds>', 'longest wait for an answer', '30');
}
