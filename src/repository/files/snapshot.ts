import { mkdir, mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { AppError, messageOf } from '../../errors.js';
import type { OnnxHeader } from '../../model/config.js';
import { followLinks, foldersAlong, type Homes } from '../../model/containment.js';
import { findExternalFiles } from '../../model/onnx/external-data.js';
import { graphOf, readModel, readRows, writeServed } from '../reading/read-graph.js';
import { cloneOrCopy, type Wanted } from './copy-file.js';
import { describeObstacle } from './place.js';
import { hashFiles, isSameContent, isUnchanged, joinWatches, watchFiles, type Watch } from './fingerprint.js';

/** The files of one model version as they were at one moment. */
export interface Snapshot {
  /** What is loaded: the file, or a copy of it with the changes that serving it takes. */
  readonly modelPath: string;
  /** The file as it is, from which copies with other values for defaults are made; undefined where none can be. */
  readonly originalPath?: string;
  readonly header: OnnxHeader;
  /** The files that it was taken from. */
  readonly watch: Watch;
  /** Whether it is a private copy; else the files in the repository are used as they lie, for the reason given. */
  readonly isPrivate: boolean;
  readonly reason?: string;
  /** Whether the sources still hold what was copied. */
  isCurrent(): Promise<boolean>;
  /** Removes the copy, once nothing reads it any more, and remembers what it held. */
  discardCopy(): Promise<void>;
  remove(): Promise<void>;
}

/** How a version's files are taken up. */
export interface SnapshotOptions {
  /** What links may not lead out of. */
  readonly homes: Homes;
  /** Where copies are made. */
  readonly folder: string;
  /** Aborts when nobody waits for the copy any more. */
  readonly signal?: Wanted | undefined;
}

const attempts = 3;

/**
 * Copies a model file and its external weights into a folder of their own below `folder` (a clone without cost where the
 * file system can). Workers read and map only the copy, so that whatever happens to the files in the repository can neither
 * change the weights of a loaded model nor, by a file cut short under a mapping, end the process. Where no copy can be
 * made, the files are used in place. Throws MODEL_INVALID for a model that cannot be served or that changes while it is read, and the
 * signal's reason once that has aborted; then no part of a copy stays.
 */
export async function takeSnapshot(source: string, options: SnapshotOptions): Promise<Snapshot> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const snapshot = await tryCopy(source, options).catch((error: unknown) => {
      if (error instanceof CopyFailed) return useInPlace(source, options.homes, error);
      throw error;
    });
    if (snapshot !== undefined) return snapshot;
  }
  throw new AppError(
    'MODEL_INVALID',
    `The model file changed each of the ${attempts} times that it was read. Write it elsewhere and move it here when it is complete.`,
  );
}

/** The same to look at and not to load: nothing is copied, unless the model is served by a changed copy. */
export async function lookInto(source: string, options: SnapshotOptions): Promise<Snapshot> {
  const { edit } = await readModel(graphOf(await resolveModel(source, options.homes)));
  if (edit !== undefined) return takeSnapshot(source, options);
  return useInPlace(source, options.homes, new CopyFailed('it is inspected, not loaded'));
}

/** A copy, or undefined where the files changed meanwhile. */
async function tryCopy(source: string, { homes, folder, signal }: SnapshotOptions): Promise<Snapshot | undefined> {
  signal?.throwIfAborted();
  const home = await mkdtemp(join(folder, 'model-')).catch(failCopy);
  // What cannot be removed now is removed with the folder around it.
  const remove = () => rm(home, { recursive: true, force: true }).catch(() => undefined);
  let known = await watchFiles([source]);
  try {
    const originalPath = join(home, 'model.onnx');
    await copy(await resolveModel(source, homes), originalPath, signal);
    const graph = graphOf(originalPath);
    const { header, edit } = await readModel(graph);
    const externals = await findExternalFiles({ folders: await foldersAlong(source), homes }, header.externalData);
    known = joinWatches(known, await watchFiles(externals.map(({ named }) => named)));
    const copies = header.externalData.map((location) => join(home, location));
    for (const [index, path] of copies.entries()) await copy(externals[index]?.real ?? '', path, signal);
    if (!(await isUnchanged(known))) throw new AppError('MODEL_INVALID', 'The model file changed while it was read.');
    const modelPath = edit === undefined ? originalPath : join(home, 'slipway-served.onnx');
    if (edit !== undefined) await writeServed(graph, edit, modelPath).catch(failCopy);
    const files = { edited: edit === undefined ? [] : [modelPath], originals: [originalPath, ...copies] };
    const isOriginalKept = header.defaultedInputs.length > 0;
    return {
      modelPath,
      ...(isOriginalKept ? { originalPath } : {}),
      header: { ...header, rows: await readRows({ ...graph, path: modelPath }) },
      watch: known,
      isPrivate: true,
      ...comparison({ ...files, isOriginalKept }, known),
      remove,
    };
  } catch (error) {
    await remove();
    if (await isUnchanged(known)) throw error;
    return undefined;
  }
}

interface CopiedFiles {
  /** What was made from the originals. */
  readonly edited: readonly string[];
  readonly originals: readonly string[];
  /** Whether the originals stay when the copy is discarded. */
  readonly isOriginalKept: boolean;
}

/** Compares the sources with the copies, or with their hashes once the copies are gone. */
function comparison(
  { edited, originals, isOriginalKept }: CopiedFiles,
  { paths }: Watch,
): Pick<Snapshot, 'isCurrent' | 'discardCopy'> {
  let hashes: readonly string[] | undefined;
  return {
    isCurrent: async () => {
      if (hashes === undefined) return isSameContent(originals, paths);
      return isSameList(hashes, await hashFiles(paths).catch(() => []));
    },
    discardCopy: async () => {
      if (!isOriginalKept) hashes = await hashFiles(originals);
      const unused = isOriginalKept ? edited : [...edited, ...originals];
      await Promise.all(unused.map((path) => rm(path, { force: true })));
    },
  };
}

function isSameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}

/** The model file that a name leads to now. */
async function resolveModel(source: string, homes: Homes): Promise<string> {
  const found = await followLinks(source, homes);
  if (found.kind === 'inside') return found.path;
  throw new AppError('MODEL_INVALID', `${describeObstacle(found)}.`);
}

/** The runtime looks for weights beside the path that it is given: beside the link, or where the link leads. */
async function useInPlace(source: string, homes: Homes, { message: reason }: CopyFailed): Promise<Snapshot> {
  const model = await watchFiles([source]);
  const real = await resolveModel(source, homes);
  const graph = graphOf(real);
  const { header } = await readModel(graph);
  checkServedAsIs(header, reason);
  const externals = await findExternalFiles({ folders: await foldersAlong(source), homes }, header.externalData);
  const isBesideLink = externals[0]?.named.startsWith(dirname(source) + sep) ?? false;
  return {
    modelPath: isBesideLink ? source : real,
    header: { ...header, rows: await readRows(graph) },
    watch: joinWatches(model, await watchFiles(externals.map(({ named }) => named))),
    isPrivate: false,
    reason,
    isCurrent: () => Promise.resolve(false),
    discardCopy: () => Promise.resolve(),
    remove: () => Promise.resolve(),
  };
}

/** A file in its place cannot be changed; without that, defaults of inputs are merely not replaced. */
function checkServedAsIs({ adaptations, widened }: OnnxHeader, reason: string): void {
  if (adaptations.length === 0 && widened.length === 0) return;
  const changes =
    adaptations.length > 0 ? adaptations.join(' ') : `BF16 is sent and received as FP32 (${widened.join(', ')}).`;
  throw new AppError(
    'MODEL_INVALID',
    `The model needs a changed copy to be served, and no private copy could be made (${reason}). What would change: ${changes} Make room in the temporary folder.`,
  );
}

/** The private folder is full, read-only or gone: no fault of the model. */
class CopyFailed extends Error {}

function failCopy(cause: unknown): never {
  throw new CopyFailed(messageOf(cause), { cause });
}

/** An end that was asked for is no copy that failed. */
async function copy(source: string, target: string, signal: Wanted | undefined): Promise<void> {
  const folder = dirname(target);
  const copying = mkdir(folder, { recursive: true }).then(() =>
    cloneOrCopy(source, target, { signal, beforeCopy: () => checkRoom(source, folder) }),
  );
  await copying.catch((error: unknown) => {
    signal?.throwIfAborted();
    failCopy(error);
  });
}

/** A file with holes may be far larger than the disk: its copy would take long, and fill it where it has none. */
async function checkRoom(source: string, folder: string): Promise<void> {
  const [{ size }, { bavail, bsize }] = await Promise.all([stat(source), statfs(folder)]);
  const freeBytes = bavail * bsize;
  if (freeBytes > 0 && size > freeBytes) throw new Error(`it needs ${size} bytes, and ${freeBytes} are free`);
}

/** A snapshot's model file and those of its weights outside. */
export function filesOf({ modelPath, header }: Pick<Snapshot, 'modelPath' | 'header'>): readonly string[] {
  return [modelPath, ...header.externalData.map((location) => join(dirname(modelPath), location))];
}

/** Bytes of files together. Rejects where one is not there. */
export async function countBytes(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
