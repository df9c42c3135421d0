import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, messageOf } from '../../errors.js';

/** What the engine knows by name: no file. */
const isBuiltIn = /^(unconfined|builtin)$/;

/** How an engine takes profiles: Podman reads their files itself, from the folder that its service runs in. */
interface Taking {
  readonly cwd: string;
  readonly asFile: boolean;
}

/**
 * Security options that name the file of a seccomp profile, each with the option that holds its text, or for Podman its whole path.
 * Rejects with USAGE where one cannot be read, or is no JSON.
 */
export async function readSecurityProfiles(
  options: readonly string[],
  taking: Taking,
): Promise<Readonly<Record<string, string>>> {
  const read = await Promise.all(options.map(async (option) => [option, await readProfile(option, taking)] as const));
  return Object.fromEntries(read.flatMap(([option, text]) => (text === undefined ? [] : [[option, text]])));
}

async function readProfile(option: string, { cwd, asFile }: Taking): Promise<string | undefined> {
  const file = /^seccomp[=:](.*)$/s.exec(option)?.[1];
  if (file === undefined || isBuiltIn.test(file)) return undefined;
  try {
    const path = resolve(cwd, file);
    const profile: unknown = JSON.parse(await readFile(path, 'utf8'));
    return `seccomp=${asFile ? path : JSON.stringify(profile)}`;
  } catch (thrown) {
    throw new AppError(
      'USAGE',
      `--security-opt ${option}: ${messageOf(thrown)}. Name a file that holds a seccomp profile as JSON, or type seccomp=unconfined.`,
      { cause: thrown },
    );
  }
}
