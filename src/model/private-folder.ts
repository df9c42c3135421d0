import { mkdir, stat } from 'node:fs/promises';
import { AppError } from '../errors.js';

/** Makes a folder of the cache for this user alone. Throws where another could write it: whoever can decides what the models compute. */
export async function makePrivateFolder(folder: string, userId: number | undefined): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(folder);
  const isOurs = userId === undefined || ((uid === userId || uid === 0) && (mode & 0o022) === 0);
  if (isOurs) return;
  const text = `The cache folder ${folder} belongs to user ${uid} with mode ${(mode & 0o777).toString(8)}, expected ${userId} and 700: choose another folder or correct it.`;
  throw new AppError('INTERNAL', text);
}
