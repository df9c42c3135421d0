import { readlink } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { messageOf } from '../errors.js';
import { realPath } from './real-path.js';

/** Folders below which a model's files may lie once links are followed: the repository, and those that the operator named. */
export type Homes = readonly string[];

/** Where a path ends once its links are followed, or why it may not be used. */
export type Followed =
  | { readonly kind: 'inside'; readonly path: string }
  | { readonly kind: 'outside'; readonly path: string }
  /** Nothing is there; `linkTo` where the name itself is a link. */
  | { readonly kind: 'absent'; readonly linkTo?: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Follows every link of a path, and looks whether it ends in or below one of the homes. */
export async function followLinks(path: string, homes: Homes): Promise<Followed> {
  try {
    const real = await realPath(path);
    return { kind: (await isInside(real, homes)) ? 'inside' : 'outside', path: real };
  } catch (error) {
    const linkTo = await readlink(path).catch(() => undefined);
    if (codeOf(error) === 'ENOENT') return { kind: 'absent', ...(linkTo === undefined ? {} : { linkTo }) };
    const isLoop = codeOf(error) === 'ELOOP';
    return {
      kind: 'unreadable',
      reason: isLoop ? 'it is a symbolic link that leads back to itself' : messageOf(error),
    };
  }
}

/** Homes that are not there, or are behind a link of their own, count as what they are at this moment. */
async function isInside(real: string, homes: Homes): Promise<boolean> {
  for (const home of homes) {
    const folder = await realPath(home).catch(() => undefined);
    if (folder !== undefined && (real === folder || real.startsWith(folder.endsWith(sep) ? folder : folder + sep)))
      return true;
  }
  return false;
}

/** As long as the chains that the system itself follows. */
const longestChain = 40;

/**
 * The folders in which a file stands along its chain of links: beside the name that was given first, beside what the last
 * link leads to last. The same folder under two names stands once.
 */
export async function foldersAlong(path: string): Promise<readonly string[]> {
  const folders = new Map<string, string>();
  let at = path;
  for (let length = 0; length < longestChain; length += 1) {
    const folder = dirname(at);
    const real = await realPath(folder).catch(() => folder);
    if (!folders.has(real)) folders.set(real, folder);
    const target = await readlink(at).catch(() => undefined);
    if (target === undefined) break;
    at = resolve(real, target);
  }
  return [...folders.values()];
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
