import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import type { Dirent } from 'node:fs';
import { AppError, messageOf } from '../../errors.js';
import { escapeMisleading, isMisleading } from '../../protocol/paths.js';
import { followLinks, type Followed, type Homes } from '../../model/containment.js';

/** A model as it lies on disk. */
export interface ModelOnDisk {
  readonly name: string;
  /** The folder of model.json and its labels, by its name in the repository; absent for a lone `<name>.onnx`. */
  readonly folder?: string;
  /** By number, ascending; a model without version folders is version 1. */
  readonly versions: readonly VersionOnDisk[];
  /** Why the model cannot be served; its versions are then empty. */
  readonly problem?: string;
}

export interface VersionOnDisk {
  readonly version: string;
  /** The model file by its name in the repository, which may be a link; undefined where `problem` says why there is none. */
  readonly path?: string;
  readonly problem?: string;
}

/** Left behind by editors and downloads, or hidden. */
const ignored = /^\.|~$|\.(tmp|temp|part|partial|crdownload|swp|bak)$/i;
const versionName = /^[1-9][0-9]{0,15}$/;

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
  const models = await Promise.all(names.map((name) => readModel({ name, path: join(root, name), homes })));
  const byName = new Map<string, ModelOnDisk>();
  const named = (model: ModelOnDisk): ModelOnDisk =>
    servedAs === undefined ? model : checked({ ...model, name: servedAs });
  for (const model of models.flatMap((model) => (model === undefined ? [] : [named(model)]))) {
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

interface Found {
  readonly name: string;
  readonly path: string;
  readonly homes: Homes;
}

async function readModel({ name, path, homes }: Found): Promise<ModelOnDisk | undefined> {
  const place = await findPlace(path, homes);
  const stem = name.replace(/\.onnx$/, '');
  if (place.kind === 'folder') return readFolder({ name, path, homes });
  if (!name.endsWith('.onnx') && (place.kind === 'file' || isDocument(name))) return undefined;
  if (place.kind === 'file') return checked({ name: stem, versions: [{ version: '1', path }] });
  return place.problem === undefined ? undefined : { name: stem, versions: [], problem: place.problem };
}

/** Links to what is not there may have been meant for models, but not those that are named like other files. */
function isDocument(name: string): boolean {
  return /^\.[a-z]{1,5}$/i.test(extname(name));
}

async function readFolder({ name, path: folder, homes }: Found): Promise<ModelOnDisk | undefined> {
  const entries = await listFolder(folder).catch((cause: unknown) => `the folder cannot be read (${messageOf(cause)})`);
  if (typeof entries === 'string') return checked({ name, folder, versions: [], problem: entries });
  const names = entries.map((entry) => entry.name);
  const numbers = names.filter((entry) => versionName.test(entry)).sort((a, b) => Number(a) - Number(b));
  const read = (version: string, path: string) => readVersion({ name: version, path, homes });
  const versions = await Promise.all(numbers.map((number) => read(number, join(folder, number))));
  if (versions.length > 0) return checked({ name, folder, versions });
  if (names.includes('model.onnx')) return checked({ name, folder, versions: [await read('1', folder)] });
  // As exporters of Hugging Face write it.
  const exported = join(folder, 'onnx');
  if (names.includes('onnx') && (await findPlace(join(exported, 'model.onnx'), homes)).kind === 'file')
    return checked({ name, folder, versions: [await read('1', exported)] });
  const looksLikeModel = names.includes('model.json') || names.some((entry) => entry.endsWith('.onnx'));
  const problem = `no model file was found; expected '${name}/1/model.onnx', '${name}/model.onnx' or '${name}/onnx/model.onnx'`;
  return looksLikeModel ? { name, folder, versions: [], problem } : undefined;
}

async function readVersion({ name: version, path: folder, homes }: Found): Promise<VersionOnDisk> {
  const path = join(folder, 'model.onnx');
  const place = await findPlace(path, homes);
  if (place.kind === 'file') return { version, path };
  return { version, problem: place.problem ?? `the version folder '${version}' holds no file model.onnx` };
}

/** Names reach URLs, logs and metrics: those that cannot are refused rather than mended. */
function checked(model: ModelOnDisk): ModelOnDisk {
  if (model.name.trim() !== '' && !/[\\/]/.test(model.name) && !isMisleading(model.name)) return model;
  const problem =
    'the name is blank or holds a backslash, a control character or one that turns the direction of writing; rename it';
  return { name: escapeMisleading(model.name), versions: [], problem };
}

type Place =
  | { readonly kind: 'file' | 'folder'; readonly problem?: never }
  | { readonly kind: 'other'; readonly problem?: string };

/** What a path is once its links are followed; outside the homes it is nothing but a problem. */
async function findPlace(path: string, homes: Homes): Promise<Place> {
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
