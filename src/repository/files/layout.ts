import { extname, join } from 'node:path';
import { AppError, messageOf } from '../../errors.js';
import type { Homes } from '../../model/containment.js';
import { escapeMisleading, isMisleading } from '../../protocol/paths.js';
import { notesOnLoneFile } from './lone-file.js';
import { readModelFolder, type FolderOfModel, type ModelOnDisk } from './model-folder.js';
import { findPlace, listFolder } from './place.js';

/**
 * The models below a repository folder, by name, in any of the layouts `<model>/<version>/model.onnx`, `<model>/model.onnx`,
 * `<model>/onnx/model.onnx` and `<model>.onnx`. Links are followed where they end in one of the homes. What looks like a model but cannot be one is
 * listed with the reason; other files and folders are not models. With `only`, that entry of the folder and no other, as `servedAs`.
 * Throws NOT_FOUND where the folder cannot be read.
 */
export async function scanRepository(
  root: string,
  homes: Homes = [root],
  { only, servedAs }: { readonly only?: string | undefined; readonly servedAs?: string | undefined } = {},
): Promise<readonly ModelOnDisk[]> {
  const entries = await listFolder(root).catch((cause: unknown) => refuseRoot(root, cause));
  const names = entries.map(({ name }) => name).filter((name) => only === undefined || name === only);
  const models = await Promise.all(names.map((name) => readEntry({ name, path: join(root, name), homes })));
  const byName = new Map<string, { readonly model: ModelOnDisk; readonly entries: readonly string[] }>();
  const named = (model: ModelOnDisk): ModelOnDisk =>
    checked(servedAs === undefined ? model : { ...model, name: servedAs });
  for (const [index, found] of models.entries()) {
    if (found === undefined) continue;
    const model = named(only === undefined ? found : await noteLoneFile(found));
    const entries = [...(byName.get(model.name)?.entries ?? []), names[index] ?? ''].sort();
    byName.set(model.name, { model: entries.length === 1 ? model : ambiguous(model.name, entries), entries });
  }
  return [...byName.values()].map(({ model }) => model).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A model file that was named by itself, with what that leaves aside. */
async function noteLoneFile(model: ModelOnDisk): Promise<ModelOnDisk> {
  const [version] = model.versions;
  if (model.folder !== undefined || version?.path === undefined) return model;
  const notes = await notesOnLoneFile(version.path);
  return notes.length === 0 ? model : { ...model, versions: [{ ...version, notes }] };
}

function refuseRoot(root: string, cause: unknown): never {
  const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such folder' : messageOf(cause);
  const text = `The model repository '${root}' cannot be read (${why}). Expected a folder with models.`;
  throw new AppError('NOT_FOUND', text, { cause });
}

const ambiguous = (name: string, entries: readonly string[]): ModelOnDisk => ({
  name,
  versions: [],
  problem: `${entries.map((entry) => `'${entry}'`).join(' and ')} are models of the same name; remove or rename all but one`,
});

async function readEntry({ name, path, homes }: FolderOfModel): Promise<ModelOnDisk | undefined> {
  const place = await findPlace(path, homes);
  const isOnnx = /\.onnx$/i.test(name);
  const stem = name.replace(/\.onnx$/i, '');
  if (place.kind === 'folder') return readModelFolder({ name, path, homes });
  if (!isOnnx && (place.kind === 'file' || isDocument(name))) return undefined;
  if (place.kind === 'file') return { name: stem, versions: [{ version: '1', path }] };
  return place.problem === undefined ? undefined : { name: stem, versions: [], problem: place.problem };
}

/** Links to what is not there may have been meant for models, but not those that are named like other files. */
function isDocument(name: string): boolean {
  return /^\.[a-z]{1,5}$/i.test(extname(name));
}

/** Names reach URLs, logs and metrics: those that cannot are refused rather than mended. */
function checked(model: ModelOnDisk): ModelOnDisk {
  if (model.name.trim() !== '' && !/[\\/]/.test(model.name) && !isMisleading(model.name)) return model;
  const problem =
    'the name is blank or contains a backslash, a control character or one that changes the direction of writing; rename it';
  return { name: escapeMisleading(model.name), versions: [], problem };
}
