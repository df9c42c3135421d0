import { readlink, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Looks like a link and is none: what it says of itself is a path in the other process's own tree. */
const processRoot = /^\/proc\/(?:self|thread-self|\d+)\/(?:root|cwd)$/;

/** As many links as the system itself follows. */
const mostLinks = 40;

/**
 * A path without links, by which the same file is reached. Unlike the system's own function it takes `/proc/<pid>/root` for the folder
 * that it is: KServe shows a model's image to the server through such a path. Rejects as `realpath` does.
 */
export async function realPath(path: string): Promise<string> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) return realpath(path);
  const plain = await realpath(path).catch(() => undefined);
  const found = plain === undefined ? undefined : await stat(plain).catch(() => undefined);
  if (plain !== undefined && found?.ino === there.ino && found.dev === there.dev) return plain;
  return followByHand(path);
}

async function followByHand(path: string): Promise<string> {
  let done = '/';
  let rest = partsOf(path);
  for (let links = 0; rest.length > 0;) {
    const [name = '', ...after] = rest;
    rest = after;
    if (name === '..') {
      done = dirname(done);
      continue;
    }
    const at = join(done, name);
    const target = processRoot.test(at) ? undefined : await targetOf(at);
    if (target !== undefined && (links += 1) > mostLinks) return realpath(path);
    if (target?.startsWith('/') === true) done = '/';
    if (target === undefined) done = at;
    else rest = [...partsOf(target), ...after];
  }
  return done;
}

function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Where a link leads; undefined for what is none. */
async function targetOf(path: string): Promise<string | undefined> {
  return readlink(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EINVAL') return undefined;
    throw error;
  });
}
