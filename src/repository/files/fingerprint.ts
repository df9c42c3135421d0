import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hashFile } from '../../model/file-hash.js';

/** Files with the state in which they were read. */
export interface Watch {
  readonly paths: readonly string[];
  readonly fingerprint: string;
}

/** Size, times and identity of files in one text: cheap to take, and different after any ordinary change. */
export async function takeFingerprint(paths: readonly string[]): Promise<string> {
  const lines = await Promise.all(paths.map(async (path) => `${path} ${await describeFile(path)}`));
  return lines.join('\n');
}

async function describeFile(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ctimeMs, ino, dev } = await stat(path);
    return [size, mtimeMs, ctimeMs, ino, dev].join(' ');
  } catch {
    return 'absent';
  }
}

/** Files as they are now. */
export async function watchFiles(paths: readonly string[]): Promise<Watch> {
  return { paths, fingerprint: await takeFingerprint(paths) };
}

/** Whether size, times and identity of every file are as they were. */
export async function isUnchanged({ paths, fingerprint }: Watch): Promise<boolean> {
  return (await takeFingerprint(paths)) === fingerprint;
}

/** Both lists as one. */
export function joinWatches(left: Watch, right: Watch): Watch {
  const fingerprint = [left, right]
    .flatMap((watch) => (watch.paths.length === 0 ? [] : [watch.fingerprint]))
    .join('\n');
  return { paths: [...left.paths, ...right.paths], fingerprint };
}

/** What to watch while it is not known which files matter: the model file and everything beside it and in the model's folder. */
export async function watchAround(path: string | undefined, folder: string | undefined): Promise<Watch> {
  const folders = [folder, path === undefined ? undefined : dirname(path)].flatMap((item) => item ?? []);
  const lists = await Promise.all([...new Set(folders)].map(listFiles));
  const paths = [...new Set([...(path === undefined ? [] : [path]), ...folders, ...lists.flat()])];
  return watchFiles(paths);
}

/** Enough for weights in many files; a folder of samples is not worth more. */
const maxWatched = 1000;

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => !entry.isDirectory()).slice(0, maxWatched);
  return files.map(({ name }) => join(folder, name));
}

/** SHA-256 of each file. Rejects where one cannot be read. */
export async function hashFiles(paths: readonly string[]): Promise<readonly string[]> {
  return Promise.all(paths.map(hashFile));
}

/** Whether two lists of files hold the same bytes, compared by size and then by hash. A file that cannot be read is no match. */
export async function isSameContent(left: readonly string[], right: readonly string[]): Promise<boolean> {
  if (left.length !== right.length) return false;
  for (const [index, path] of left.entries()) {
    if (!(await isSameFile(path, right[index] ?? ''))) return false;
  }
  return true;
}

async function isSameFile(left: string, right: string): Promise<boolean> {
  try {
    const [a, b] = await Promise.all([stat(left), stat(right)]);
    return a.size === b.size && (await hashFile(left)) === (await hashFile(right));
  } catch {
    return false;
  }
}
