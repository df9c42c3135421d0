import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { followLinks, type Followed, type Homes } from '../../model/containment.js';

/** What a path is once its links are followed; outside the homes it is nothing but a problem. */
export type Place =
  | { readonly kind: 'file' | 'folder'; readonly problem?: never }
  | { readonly kind: 'other'; readonly problem?: string };

/** Left behind by editors and downloads, or hidden. */
const ignored = /^\.|~$|\.(tmp|temp|part|partial|crdownload|swp|bak)$/i;

/** What stands in a folder, without what is skipped. Rejects where it cannot be read. */
export async function listFolder(folder: string): Promise<readonly Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter(({ name }) => !ignored.test(name));
}

/** Follows a path's links. */
export async function findPlace(path: string, homes: Homes): Promise<Place> {
  const found = await followLinks(path, homes);
  if (found.kind === 'absent' && found.linkTo === undefined) return { kind: 'other' };
  if (found.kind !== 'inside') {
    const isFile = found.kind === 'outside' && (await isRegularFile(found.path));
    return { kind: 'other', problem: describeObstacle(found, isFile) };
  }
  const stats = await stat(found.path).catch(() => undefined);
  if (stats?.isFile() === true) return { kind: 'file' };
  return { kind: stats?.isDirectory() === true ? 'folder' : 'other' };
}

/** Why a path cannot be used, as the end of a sentence about it. */
export function describeObstacle(found: Exclude<Followed, { kind: 'inside' }>, isFile = true): string {
  if (found.kind === 'unreadable')
    return found.reason.startsWith('it ') ? found.reason : `it cannot be read (${found.reason})`;
  if (found.kind === 'absent')
    return found.linkTo === undefined
      ? 'it is not there'
      : `it is a symbolic link to '${found.linkTo}', which is not there`;
  const folder = isFile ? dirname(found.path) : found.path;
  return `it is a symbolic link that leads out of the model repository, to '${found.path}'; put the files there, or start the server with --allow-links-to ${folder}`;
}

async function isRegularFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
