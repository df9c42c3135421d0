import { basename, join } from 'node:path';
import { AppError, fromPlainError, messageOf, toPlainError } from '../../errors.js';
import { readRegularFile } from '../../regular-file.js';
import { followLinks, type Homes } from '../../model/containment.js';
import { companionNames, type Companions } from '../../model/found/types.js';
import { parseTokenizerFile, type TokenizerFile } from '../../model/tokenizer-file.js';
import { watchFiles, type Watch } from '../files/fingerprint.js';
import { askThread } from '../reading/ask-thread.js';
import type { TriedTokenizer } from './tokenizer-thread.js';

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

/** Longest time of a tokenizer's trial, and what it may take for each MiB of its file: several times what a busy machine needs. */
const trialMs = 60_000;
const perMibMs = 2000;

/**
 * Tried once, so that one that cannot be used fails the load and not every request; in a thread of its own, since a pattern in it may never
 * end. Rejects with MODEL_INVALID.
 */
export async function takeTokenizer(companions: Companions, limitMs = trialMs): Promise<TokenizerFile> {
  const file = parseTokenizerFile(companions);
  const fault = await tryTokenizer(file, limitMs + (perMibMs * file.json.byteLength) / 2 ** 20);
  if (fault !== null) throw fromPlainError(fault);
  return file;
}

async function tryTokenizer(workerData: TokenizerFile, limitMs: number): Promise<TriedTokenizer> {
  const entry = new URL('./tokenizer-thread.js', import.meta.url);
  try {
    const tried = await askThread(entry, { name: 'tokenizer', workerData, limitMs, mostMiB });
    return tried as TriedTokenizer;
  } catch (error) {
    const text = `tokenizer.json cannot be used: ${messageOf(error)} for a text of four characters. Simplify the patterns of its normalizer and pre_tokenizer.`;
    return toPlainError(new AppError('MODEL_INVALID', text));
  }
}

/** Several times what the largest vocabularies take. */
const mostMiB = 1024;

/** Whether the files hold what they held. */
export async function hasCompanions(folder: string | undefined, homes: Homes, texts: Companions): Promise<boolean> {
  const now = await readCompanions(folder, homes);
  return companionNames.every((name) => now.texts.get(name) === texts.get(name));
}

async function readText(path: string, homes: Homes): Promise<string | undefined> {
  const found = await followLinks(path, homes).catch(() => undefined);
  if (found?.kind !== 'inside') return undefined;
  return readRegularFile(found.path, mostBytes(path)).then(String, () => undefined);
}
