import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Dirent } from 'node:fs';
import { AppError, messageOf } from '../errors.js';

/** A model as it lies on disk. */
export interface ModelOnDisk {
  readonly name: string;
  /** The folder of model.json and its labels; absent for a lone `<name>.onnx`. Symbolic links are resolved. */
  readonly folder?: string;
  /** By number, ascending; a model without version folders is version 1. */
  readonly versions: readonly VersionOnDisk[];
  /** Why the model cannot be served; its versions are then empty. */
  readonly problem?: string;
}

export interface VersionOnDisk {
  readonly version: string;
  /** The model file, symbolic links resolved; undefined where `problem` says why there is none. */
  readonly path?: string;
  readonly problem?: string;
}

/** Left behind by editors and downloads, or hidden. */
const ignored = /^\.|~$|\.(tmp|temp|part|partial|crdownload|swp|bak)$/i;
const versionName = /^[1-9][0-9]{0,15}$/;

/**
 * The models below a repository folder, by name, in any of the layouts `<model>/<version>/model.onnx`, `<model>/model.onnx`
 * and `<model>.onnx`. What looks like a model but cannot be one is listed with the reason; other files and folders are not
 * models. Throws NOT_FOUND where the folder cannot be read.
 */
export async function scanRepository(root: string): Promise<readonly ModelOnDisk[]> {
  const home = await realpath(root).catch((cause: unknown) => refuseRoot(root, cause));
  const entries = await listFolder(home).catch((cause: unknown) => refuseRoot(root, cause));
  const models = await Promise.all(entries.map((entry) => readModel(home, entry)));
  const byName = new Map<string, ModelOnDisk>();
  for (const model of models.flatMap((model) => model ?? [])) {
    const other = byName.get(model.name);
    byName.set(model.name, other === undefined ? model : ambiguous(model.name));
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function refuseRoot(root: string, cause: unknown): never {
  throw new AppError(
    'NOT_FOUND',
    `The model repository '${root}' cannot be read (${messageOf(cause)}). Expected a folder with models.`,
    { cause },
  );
}

const ambiguous = (name: string): ModelOnDisk => ({
  name,
  versions: [],
  problem: `both the folder '${name}' and the file '${name}.onnx' are there; remove one of them`,
});

async function listFolder(folder: string): Promise<readonly Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter(({ name }) => !ignored.test(name));
}

async function readModel(home: string, entry: Dirent): Promise<ModelOnDisk | undefined> {
  const place = await findPlace(home, join(home, entry.name));
  const stem = entry.name.replace(/\.onnx$/, '');
  if (place.kind === 'file') {
    if (!entry.name.endsWith('.onnx')) return undefined;
    return checked({ name: stem, versions: [{ version: '1', path: place.path }] });
  }
  if (place.kind === 'folder') return readFolder(home, entry.name, place.path);
  return place.problem === undefined ? undefined : { name: stem, versions: [], problem: place.problem };
}

async function readFolder(home: string, name: string, folder: string): Promise<ModelOnDisk | undefined> {
  const entries = await listFolder(folder).catch(() => []);
  const names = entries.map((entry) => entry.name);
  const numbers = names.filter((entry) => versionName.test(entry)).sort((a, b) => Number(a) - Number(b));
  const versions = await Promise.all(numbers.map((number) => readVersion(home, number, join(folder, number))));
  if (versions.length > 0) return checked({ name, folder, versions });
  if (names.includes('model.onnx')) return checked({ name, folder, versions: [await readVersion(home, '1', folder)] });
  const looksLikeModel = names.includes('model.json') || names.some((entry) => entry.endsWith('.onnx'));
  const problem = `no model file was found; expected '${name}/1/model.onnx' or '${name}/model.onnx'`;
  return looksLikeModel ? { name, folder, versions: [], problem } : undefined;
}

async function readVersion(home: string, version: string, folder: string): Promise<VersionOnDisk> {
  const place = await findPlace(home, join(folder, 'model.onnx'));
  if (place.kind === 'file') return { version, path: place.path };
  return { version, problem: place.problem ?? `the version folder '${version}' holds no file model.onnx` };
}

/** Names reach URLs, logs and metrics: those that cannot are refused rather than mended. */
function checked(model: ModelOnDisk): ModelOnDisk {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (model.name.trim() !== '' && !/[\\/\u0000-\u001f\u007f]/.test(model.name)) return model;
  const problem = 'the name is blank or holds a backslash or a control character; rename it';
  return { name: model.name, versions: [], problem };
}

type Place =
  | { readonly kind: 'file' | 'folder'; readonly path: string; readonly problem?: never }
  | { readonly kind: 'other'; readonly problem?: string };

/** What a path is once its links are followed; outside the repository it is nothing but a problem. */
async function findPlace(home: string, path: string): Promise<Place> {
  try {
    const real = await realpath(path);
    if (!real.startsWith(home + sep)) {
      return {
        kind: 'other',
        problem: 'it is a symbolic link that leads out of the model repository; put the files there',
      };
    }
    const stats = await stat(real);
    if (stats.isFile()) return { kind: 'file', path: real };
    return stats.isDirectory() ? { kind: 'folder', path: real } : { kind: 'other' };
  } catch (error) {
    return isMissing(error) ? { kind: 'other' } : { kind: 'other', problem: `it cannot be read (${messageOf(error)})` };
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
