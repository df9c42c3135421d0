import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, messageOf } from '../../errors.js';

/** What the engine knows by name: no file. */
const isBuiltIn = /^(unconfined|builtin)$/;

/**
 * Security options with the text of each seccomp profile in place of its file's name, as docker sends them: the engine reads no files of
 * its clients. Rejects with USAGE where one cannot be read, or is no JSON.
 */
export function withProfiles(options: readonly string[], cwd: string): Promise<readonly string[]> {
  return Promise.all(options.map((option) => withProfile(option, cwd)));
}

async function withProfile(option: string, cwd: string): Promise<string> {
  const file = /^seccomp[=:](.*)$/s.exec(option)?.[1];
  if (file === undefined || isBuiltIn.test(file)) return option;
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
