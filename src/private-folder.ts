import { existsSync, mkdirSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from './errors.js';

/** How another user than this one or root could write a folder: whose it is and its mode. Undefined: nobody else could. */
export async function findForeignWriter(folder: string, userId: number | undefined): Promise<string | undefined> {
  const { uid, mode } = await stat(folder);
  if (userId === undefined || ((uid === userId || uid === 0) && (mode & 0o022) === 0)) return undefined;
  return `belongs to user ${uid} with mode ${(mode & 0o777).toString(8)}`;
}

/** Makes a folder of the cache for this user alone. Throws where another could write it: whoever can decides what the models compute. */
export async function makePrivateFolder(folder: string, userId: number | undefined): Promise<void> {
  makeFolders(folder);
  const foreign = await findForeignWriter(folder, userId);
  if (foreign === undefined) return;
  const text = `The cache folder ${folder} ${foreign}, expected ${userId} and 700: choose another folder or correct it.`;
  throw new AppError('INTERNAL', text);
}

/**
 * Makes a folder, and those above it that are missing, for this user alone unless a mode is given. Throws the system's error; Node's own
 * `recursive` tries for ever where a folder that is there takes none (ENOENT, as in /proc).
 */
export function makeFolders(folder: string, mode = 0o700): void {
  try {
    mkdirSync(folder, { mode });
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(dirname(folder))) throw thrown;
    makeFolders(dirname(folder), mode);
    makeFolders(folder, mode);
  }
}
