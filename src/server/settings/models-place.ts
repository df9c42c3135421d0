import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../../errors.js';
import { realPath } from '../../model/real-path.js';
import { companionNames } from '../../model/found/types.js';
import { scanRepository } from '../../repository/files/layout.js';
import type { ModelOnDisk } from '../../repository/files/model-folder.js';

/** Where the models lie: a repository, or one entry of a folder that is otherwise left alone. */
export interface ModelsPlace {
  readonly root: string;
  /** The one file or folder of `root` that is served, by its name there. */
  readonly only?: string;
  /** The name under which it is served, if not its own. */
  readonly servedAs?: string;
  /** Where a file named by the user really lies, if that is elsewhere: it may be a link. */
  readonly homes: readonly string[];
}

/** What a path names, its one model served as `name`. Throws USAGE as well where it names no model or several. */
export async function findNamedModel(path: string, name: string): Promise<ModelsPlace> {
  if (/[\\/]|^\s*$|^\.\.?$/.test(name))
    throw new AppError('USAGE', `--model-name ${name}: expected a name without / and \\.`);
  const place = await findModelsPlace(path);
  if (place.only !== undefined) return { ...place, servedAs: name };
  const models = await scanRepository(place.root, ['/']).catch(() => []);
  const [model] = models;
  if (model === undefined || models.length > 1) {
    const found = model === undefined ? 'no model' : `several: ${models.map((one) => one.name).join(', ')}`;
    throw new AppError('USAGE', `--model-name ${name} names one model, but ${place.root} holds ${found}.`);
  }
  const entry = model.folder ?? model.versions[0]?.path ?? model.name;
  return { ...place, only: basename(entry), servedAs: name };
}

/**
 * What a path names: a model file, the folder of one model (`model.onnx` or `<version>/model.onnx` in it, and no other
 * model), or a repository. Throws USAGE for a file that is no model. A folder that is not there is taken for a repository.
 */
export async function findModelsPlace(path: string): Promise<ModelsPlace> {
  const whole = resolve(path);
  const stats = await stat(whole).catch(() => undefined);
  const isOnnx = /\.onnx$/i.test(whole);
  if (stats === undefined && isOnnx) {
    throw new AppError('USAGE', `There is no model file ${whole}. Expected NAME.onnx, or a folder with models.`);
  }
  if (stats === undefined || stats.isDirectory()) return (await isOneModel(whole)) ? entryOf(whole) : repository(whole);
  if (!stats.isFile() || !isOnnx) {
    throw new AppError('USAGE', `${whole} is not a model. Expected a file NAME.onnx, or a folder with models.`);
  }
  return entryOf(whole);
}

/** Refuses a folder that is not there before anything is started: a port that is taken would be told in its place. Throws NOT_FOUND. */
export async function checkFolder({ root }: ModelsPlace): Promise<void> {
  await stat(root).catch((thrown: unknown) => {
    throw unreadableFolder(root, thrown);
  });
}

/** The error of a folder of models that is not there, or that this user may not read. */
export function unreadableFolder(folder: string, cause: unknown): AppError {
  const text = `The models folder ${folder} cannot be read: create it, name another with --models, or leave --models out for the bundled models.`;
  return new AppError('NOT_FOUND', text, { cause });
}

const repository = (root: string): ModelsPlace => ({ root, homes: [] });

async function entryOf(path: string): Promise<ModelsPlace> {
  const real = dirname(await realPath(path));
  const root = dirname(path);
  return { root, only: basename(path), homes: real === root ? [] : [real] };
}

/**
 * Whether a folder is one model: it holds nothing but `<version>/model.onnx` or `model.onnx`, or what belongs to one model stands beside
 * its file (`model.json`, or what exporters write, such as `config.json` beside `onnx/model.onnx`).
 */
async function isOneModel(folder: string): Promise<boolean> {
  if (basename(folder) === '') return false;
  const found = await scanRepository(folder, ['/']).catch(() => []);
  const isVersion = ({ name, versions }: ModelOnDisk): boolean => {
    const parts = name === 'model' ? [] : [name];
    return /^(model|0*[1-9]\d*)$/.test(name) && versions[0]?.path === join(folder, ...parts, 'model.onnx');
  };
  if (found.length > 0 && found.every(isVersion)) return true;
  const names = new Set<string>(await readdir(folder).catch(() => []));
  if (!['model.json', ...companionNames].some((name) => names.has(name))) return false;
  const [model] = await scanRepository(dirname(folder), ['/'], { only: basename(folder) }).catch(() => []);
  return model?.versions.some(({ path }) => path !== undefined) ?? false;
}
