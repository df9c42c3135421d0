import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { followLinks, type Homes } from '../model/containment.js';
import { companionNames, type Companions } from '../model/found/types.js';
import { watchFiles, type Watch } from './files/fingerprint.js';

/** More than the labels of any model come to. */
const mostBytes = 4 << 20;

/** What an exporter left in a model's folder, with the state of its files. */
export interface CompanionFiles {
  readonly texts: Companions;
  readonly watch: Watch;
}

/** Reads those that are there, and may be: links lead nowhere but into the homes. */
export async function readCompanions(folder: string | undefined, homes: Homes): Promise<CompanionFiles> {
  if (folder === undefined) return { texts: new Map(), watch: { paths: [], fingerprint: '' } };
  const paths = companionNames.map((name) => join(folder, name));
  const watch = await watchFiles(paths);
  const texts = await Promise.all(paths.map((path) => readText(path, homes)));
  const found = companionNames.flatMap((name, n) => {
    const text = texts[n];
    return text === undefined ? [] : [[name, text] as const];
  });
  return { texts: new Map(found), watch };
}

/** Whether the files hold what they held. */
export async function hasCompanions(folder: string | undefined, homes: Homes, texts: Companions): Promise<boolean> {
  const now = await readCompanions(folder, homes);
  return companionNames.every((name) => now.texts.get(name) === texts.get(name));
}

async function readText(path: string, homes: Homes): Promise<string | undefined> {
  const found = await followLinks(path, homes).catch(() => undefined);
  if (found?.kind !== 'inside') return undefined;
  const stats = await stat(found.path).catch(() => undefined);
  if (stats?.isFile() !== true || stats.size > mostBytes) return undefined;
  return readFile(found.path, 'utf8').catch(() => undefined);
}
