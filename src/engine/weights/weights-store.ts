import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors.js';
import type { Engine, SessionSpec } from '../engine.js';
import { makePrivateFolder } from '../../private-folder.js';
import { alignPrepacked } from './weights-alignment.js';
import { isWhole, modelFile, readUse, touch, writeManifest } from './weights-entry.js';
import { checkUnchanged, computeKey, fingerprint, listModelFiles, readCpuFeatures } from './weights-key.js';
import { checkTrials, runTrials } from './weights-trial.js';

/** The folder of prepared weights, and how large it may become. */
export interface WeightsStore {
  readonly folder: string;
  /** Entries beyond this many bytes in all are removed, those unused longest first. */
  readonly maxBytes: number;
  readonly nowMs: number;
  readonly userId: number | undefined;
  /** Where an entry is built: a folder below `folder`, from `newBuildFolder`. It is gone afterwards, unless the process died. */
  readonly buildFolder: string;
  /** Called before the copy is loaded for the first time, which may end the process. */
  readonly onTry?: () => void;
}

/** Printed by the process before a new copy is first loaded and run: what ends the process from there on is the copy's fault. */
export const tryingLine = 'trying the copy';

const temporaryPrefix = '.building-';
/** A build that is older than this was given up: its process is gone. */
const abandonedMs = 60 * 60 * 1000;

/** A path below a cache's folder for one build. */
export function newBuildFolder(folder: string): string {
  return join(folder, temporaryPrefix + randomUUID());
}

/**
 * The optimised copy of a model, found or made. Entries are complete folders that appear by one rename, so that several
 * processes may do this at once. Throws where the folder cannot be used or the copy cannot be made.
 */
export async function findOrMakeWeights(
  engine: Engine,
  spec: SessionSpec,
  store: WeightsStore,
): Promise<{ readonly modelPath: string; readonly made: boolean }> {
  const files = await listModelFiles(spec.modelPath);
  const cpuFeatures = await readCpuFeatures();
  const before = await fingerprint(files);
  const key = await computeKey(files, { runtimeVersion: engine.version, cpuFeatures });
  const entry = join(store.folder, key);
  const modelPath = join(entry, modelFile);
  await makePrivateFolder(store.folder, store.userId);
  if (await isWhole(entry)) {
    await touch(entry, store.nowMs);
    return { modelPath, made: false };
  }
  try {
    await build(engine, spec, store);
    await checkUnchanged(files, before);
    await place(store.buildFolder, entry);
  } finally {
    await rm(store.buildFolder, { recursive: true, force: true });
  }
  await removeOld(store, key);
  return { modelPath, made: true };
}

/** Saves, then proves that what was saved loads and computes what the model does: the runtime checks neither. */
async function build(engine: Engine, spec: SessionSpec, { buildFolder, onTry }: WeightsStore): Promise<void> {
  const modelPath = join(buildFolder, modelFile);
  await mkdir(buildFolder, { mode: 0o700 });
  const original = await engine.saveOptimised(spec, modelPath);
  const trials = await runTrials(original);
  await original.release();
  await alignPrepacked(modelPath, `${modelPath}.data`);
  onTry?.();
  const copy = await engine.createSession({ ...spec, modelPath, optimised: true });
  await checkTrials(copy, trials);
  await copy.release();
  await writeManifest(buildFolder, await readdir(buildFolder));
}

/** Of two processes that finish at the same time the first one's entry stays; a damaged one makes way. */
async function place(temporary: string, entry: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      await rename(temporary, entry);
      return;
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
    if (await isWhole(entry)) return;
    await rename(entry, `${temporary}-damaged`).catch(() => undefined);
    await rm(`${temporary}-damaged`, { recursive: true, force: true });
  }
  throw new AppError('INTERNAL', `The damaged cache entry ${entry} could not be replaced: remove it.`);
}

async function removeOld({ folder, maxBytes, nowMs }: WeightsStore, kept: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name !== kept);
  const entries: { readonly path: string; readonly bytes: number; readonly usedMs: number }[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const use = await readUse(path);
    if (use !== undefined && !name.startsWith(temporaryPrefix)) entries.push({ path, ...use });
    else if (name.startsWith(temporaryPrefix) && (await isAbandoned(path, nowMs))) await remove(path);
  }
  let bytes = (await readUse(join(folder, kept)))?.bytes ?? 0;
  for (const entry of entries.sort((a, b) => b.usedMs - a.usedMs)) {
    bytes += entry.bytes;
    if (bytes > maxBytes) await remove(entry.path);
  }
}

async function isAbandoned(path: string, nowMs: number): Promise<boolean> {
  const changedMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? nowMs;
  return nowMs - changedMs > abandonedMs;
}

/** Mapped files of running servers live on without their names. */
async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}
