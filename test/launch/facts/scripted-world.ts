import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HostWorld, ProgramResult } from '../../../src/launch/facts/machine.js';
import { temporaryFolder } from '../../support/folder.js';

/** Answers of programs by their command line, `nvidia-smi -L`; what is not listed is not installed. */
export type Programs = Readonly<Record<string, ProgramResult>>;

/** A program that printed this and ended with a code. */
export function printed(stdout: string, code = 0): ProgramResult {
  return { kind: 'exited', code, stdout, stderr: '' };
}

/** A Linux machine whose files are those given (a value that starts with `->` is a link) and whose programs answer as told. */
export async function scriptedWorld(
  files: Readonly<Record<string, string>>,
  programs: Programs = {},
  machine: Partial<HostWorld> = {},
): Promise<HostWorld> {
  const root = temporaryFolder('host-');
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    if (text.startsWith('->')) await symlink(text.slice(2), join(root, path));
    else await writeFile(join(root, path), text);
  }
  return {
    root,
    platform: 'linux',
    architecture: 'amd64',
    kernel: '6.8.0-45-generic',
    hostname: 'box',
    run: (program, args) => Promise.resolve(programs[[program, ...args].join(' ').trim()] ?? { kind: 'missing' }),
    ...machine,
  };
}
