import { dirname, join } from 'node:path';
import { AppError } from '../../errors.js';
import { findConfig } from '../../model/found/find-config.js';
import type { ModelJson } from '../../model/config-schema.js';
import type { Homes } from '../../model/containment.js';
import type { TokenizerFile } from '../../model/tokenizer-file.js';
import { hasCompanions, readCompanions, takeTokenizer } from './companions.js';
import { joinWatches, type Watch, watchFiles } from '../files/fingerprint.js';
import { readLarge, readSmall } from '../files/read-within.js';
import { takeSnapshot, type Snapshot, type SnapshotOptions } from '../files/snapshot.js';
import { readLabels, type LabelKey } from '../../model/labels.js';

/** Where a version lies. */
export interface VersionPlace {
  readonly path: string;
  /** Folder of the labels and of what exporters write; a lone model file has none. */
  readonly folder?: string;
  readonly json: ModelJson;
  /** How its file was found, where that needs a word. */
  readonly notes?: readonly string[];
}

/** What the files of a version say, before anything is loaded. */
export interface VersionFiles {
  readonly snapshot: Snapshot;
  /** model.json with what was found beside it. */
  readonly json: ModelJson;
  readonly labels: readonly string[];
  readonly tokenizer: TokenizerFile | undefined;
  readonly notes: readonly string[];
  readonly watch: Watch;
  /** Whether those files still hold this. */
  isCurrent(): Promise<boolean>;
}

interface ReadOptions extends Pick<SnapshotOptions, 'homes' | 'signal'> {
  /** Where copies are made. */
  readonly snapshotFolder: string;
  /** How the model file is read: `takeSnapshot` to load it, `lookInto` to look at it. */
  readonly read?: typeof takeSnapshot;
}

/** Reads them. Rejects with the reason why the version cannot be served, and leaves no copy behind then. */
export async function readVersionFiles(
  { path, folder, json: given, notes = [] }: VersionPlace,
  { homes, snapshotFolder, signal, read = takeSnapshot }: ReadOptions,
): Promise<VersionFiles> {
  const taken = read(path, { homes, folder: snapshotFolder, signal });
  const snapshot = await readLarge('The model file', taken, (late) => void late.remove());
  try {
    const companions = await readSmall("The other files in the model's folder", readCompanions(folder, homes));
    const { json, notes: found } = findConfig(given, { header: snapshot.header, companions: companions.texts });
    const tokenizer = json.text === undefined ? undefined : await takeTokenizer(companions.texts);
    const source = { json, homes, ...(folder === undefined ? {} : { folder }) };
    const { lines: labels, watch } = await readSmall('The label file', readLabelFile(source));
    const isCurrent = async () =>
      (await hasLabels(source, labels)) &&
      (await hasCompanions(folder, homes, companions.texts)) &&
      (await snapshot.isCurrent());
    const watches = joinWatches(joinWatches(watch, companions.watch), snapshot.watch);
    return { snapshot, json, labels, tokenizer, notes: [...notes, ...found], watch: watches, isCurrent };
  } catch (error) {
    await snapshot.remove();
    throw inPublicNames(error, snapshot.modelPath, path);
  }
}

/** What failed, with the file that the user knows instead of the private copy that was read. */
export function inPublicNames(thrown: unknown, copy: string, source: string): unknown {
  if (!(thrown instanceof AppError) || copy === source) return thrown;
  const message = thrown.message.replaceAll(copy, source).replaceAll(dirname(copy), dirname(source));
  return new AppError(thrown.code, message, { details: thrown.details, cause: thrown });
}

/** Labels with the state of the file that they were read from. */
interface LabelFile {
  readonly lines: readonly string[];
  readonly watch: Watch;
}

/** Where a model's labels are looked for. */
interface LabelSource {
  readonly json: ModelJson;
  /** The model's folder; a lone model file has none. */
  readonly folder?: string;
  /** What links may not lead out of. */
  readonly homes: Homes;
}

/** The labels that model.json holds or names, none where it does neither. Throws MODEL_INVALID where they cannot be read. */
async function readLabelFile({ json, folder, homes }: LabelSource): Promise<LabelFile> {
  const tasks = ['classification', 'detection', 'segmentation'] as const;
  const task = tasks.find((name) => json[name]?.labels !== undefined) ?? 'classification';
  const key: LabelKey['key'] = `${task}.labels`;
  const labels = json[task]?.labels ?? [];
  if (typeof labels !== 'string') return { lines: labels, watch: nothing };
  if (folder === undefined) return { lines: [], watch: nothing };
  const watch = await watchFiles([join(folder, labels)]);
  return { lines: await readLabels(folder, { key, name: labels }, homes), watch };
}

const nothing: Watch = { paths: [], fingerprint: '' };

/** Whether the file still holds these labels. */
async function hasLabels(source: LabelSource, lines: readonly string[]): Promise<boolean> {
  const now = await readLabelFile(source).catch(() => undefined);
  return now !== undefined && now.lines.join('\n') === lines.join('\n');
}
