import { constants } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, messageOf } from '../errors.js';
import type { OnnxHeader } from '../model/config.js';
import { findExternalFiles } from '../model/onnx/external-data.js';
import { readOnnxHeader } from '../model/onnx/reader.js';
import { hashFiles, isSameContent, isUnchanged, joinWatches, watchFiles, type Watch } from './fingerprint.js';

/** The files of one model version as they were at one moment. */
export interface Snapshot {
  readonly modelPath: string;
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

const attempts = 3;

/**
 * Copies a model file and its external weights into a folder of their own below `folder` (a clone without cost where the
 * file system can). Workers read and map only the copy, so that whatever happens to the files in the repository can neither
 * change the weights of a loaded model nor, by a file cut short under a mapping, end the process. Where no copy can be
 * made, the files are used in place. Throws MODEL_INVALID for a model that cannot be served or that changes while it is read.
 */
export async function takeSnapshot(source: string, folder: string): Promise<Snapshot> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const snapshot = await tryCopy(source, folder).catch((error: unknown) => {
      if (error instanceof CopyFailed) return useInPlace(source, error);
      throw error;
    });
    if (snapshot !== undefined) return snapshot;
  }
  throw new AppError(
    'MODEL_INVALID',
    `The model file changed each of the ${attempts} times that it was read. Write it elsewhere and move it here when it is complete.`,
  );
}

/** A copy, or undefined where the files changed meanwhile. */
async function tryCopy(source: string, folder: string): Promise<Snapshot | undefined> {
  const home = await mkdtemp(join(folder, 'model-')).catch(failCopy);
  // What cannot be removed now is removed with the folder around it.
  const remove = () => rm(home, { recursive: true, force: true }).catch(() => undefined);
  let known = await watchFiles([source]);
  try {
    const modelPath = join(home, 'model.onnx');
    await copy(source, modelPath);
    const header = readOnnxHeader(modelPath);
    const externals = await findExternalFiles(dirname(source), header.externalData);
    known = joinWatches(known, await watchFiles(externals));
    const copies = header.externalData.map((location) => join(home, location));
    for (const [index, path] of copies.entries()) await copy(externals[index] ?? '', path);
    if (!(await isUnchanged(known))) throw new AppError('MODEL_INVALID', 'The model file changed while it was read.');
    return { modelPath, header, watch: known, isPrivate: true, ...comparison([modelPath, ...copies], known), remove };
  } catch (error) {
    await remove();
    if (await isUnchanged(known)) throw error;
    return undefined;
  }
}

/** Compares the sources with the copies, or with their hashes once the copies are gone. */
function comparison(copies: readonly string[], { paths }: Watch): Pick<Snapshot, 'isCurrent' | 'discardCopy'> {
  let hashes: readonly string[] | undefined;
  return {
    isCurrent: async () => {
      if (hashes === undefined) return isSameContent(copies, paths);
      return isSameList(hashes, await hashFiles(paths).catch(() => []));
    },
    discardCopy: async () => {
      hashes = await hashFiles(copies);
      await Promise.all(copies.map((path) => rm(path, { force: true })));
    },
  };
}

function isSameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}

async function useInPlace(source: string, { message: reason }: CopyFailed): Promise<Snapshot> {
  const model = await watchFiles([source]);
  const header = readOnnxHeader(source);
  const externals = await watchFiles(await findExternalFiles(dirname(source), header.externalData));
  return {
    modelPath: source,
    header,
    watch: joinWatches(model, externals),
    isPrivate: false,
    reason,
    isCurrent: () => Promise.resolve(false),
    discardCopy: () => Promise.resolve(),
    remove: () => Promise.resolve(),
  };
}

/** The private folder is full, read-only or gone: no fault of the model. */
class CopyFailed extends Error {}

function failCopy(cause: unknown): never {
  throw new CopyFailed(messageOf(cause), { cause });
}

async function copy(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true }).catch(failCopy);
  await copyFile(source, target, constants.COPYFILE_FICLONE).catch(failCopy);
}
