import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pack } from 'tar-fs';
import { parseDockerignore, type IgnoreRules } from './dockerignore.js';

/** A build context as a tar, without what the Dockerfile's own ignore file, else .dockerignore, leaves out. */
export async function packContext(folder: string, dockerfile: string): Promise<Readable> {
  const read = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);
  const text = (await read(`${dockerfile}.dockerignore`)) ?? (await read(join(folder, '.dockerignore'))) ?? '';
  const entries = await listContext(folder, parseDockerignore(text));
  const own = relative(folder, dockerfile).split(sep).join('/');
  const all = [...new Set([...entries, own])].sort();
  // Every entry is named: what a folder holds comes by its own name or not at all.
  return pack(folder, { entries: all, ignore: () => true, map: (header) => ({ ...header, uid: 0, gid: 0 }) });
}

/** Paths of a context that go to the builder, relative to it and with `/`, folders among them. */
export async function listContext(folder: string, rules: IgnoreRules): Promise<readonly string[]> {
  const found: string[] = [];
  const visit = async (at: string): Promise<void> => {
    for (const entry of await readdir(join(folder, at), { withFileTypes: true })) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      const isExcluded = rules.excludes(path);
      if (!isExcluded) found.push(path);
      if (entry.isDirectory() && (!isExcluded || rules.hasExceptions)) await visit(path);
    }
  };
  await visit('');
  return found;
}
