import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { followLinks, type Homes } from '../../model/containment.js';
import { companionNames, type Companions } from '../../model/found/types.js';
import { mostTokens } from '../../model/tasks/text-config.js';
import { parseTokenizerFile, type TokenizerFile } from '../../model/tokenizer-file.js';
import { openTokenizer } from '../../tasks/text/tokenizer.js';
import { watchFiles, type Watch } from '../files/fingerprint.js';

/** More than the labels, or the vocabulary, of any model come to. */
const mostBytes = (path: string): number => (basename(path) === 'tokenizer.json' ? 64 : 4) << 20;

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

/** Tried once, so that one that cannot be used fails the load and not every request. */
export function takeTokenizer(companions: Companions): TokenizerFile {
  const file = parseTokenizerFile(companions);
  openTokenizer(file).encode('text', mostTokens);
  return file;
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
  if (stats?.isFile() !== true || stats.size > mostBytes(path)) return undefined;
  return readFile(found.path, 'utf8').catch(() => undefined);
}
