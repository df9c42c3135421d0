import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, messageOf } from '../../errors.js';

/** What the engine knows by name: no file. */
const isBuiltIn = /^(unconfined|builtin)$/;

/**
 * Security options that name the file of a seccomp profile, each with the option that holds its text. Rejects with USAGE where one cannot
 * be read, or is no JSON.
 */
export async function readSecurityProfiles(
  options: readonly string[],
  cwd: string,
): Promise<Readonly<Record<string, string>>> {
  const read = await Promise.all(options.map(async (option) => [option, await readProfile(option, cwd)] as const));
  return Object.fromEntries(read.flatMap(([option, text]) => (text === undefined ? [] : [[option, text]])));
}

async function readProfile(option: string, cwd: string): Promise<string | undefined> {
  const file = /^seccomp[=:](.*)$/s.exec(option)?.[1];
  if (file === undefined || isBuiltIn.test(file)) return undefined;
  try {
    const profile: unknown = JSON.parse(await readFile(resolve(cwd, file), 'utf8'));
    return `seccomp=${JSON.stringify(profile)}`;
  } catch (thrown) {
    throw new AppError(
      'USAGE',
      `--security-opt ${option}: ${messageOf(thrown)}. Name a file that holds a seccomp profile as JSON, or type seccomp=unconfined.`,
      { cause: thrown },
    );
  }
}
