import { copyFile, constants, link, lstat, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError, messageOf } from '../../errors.js';
import type { ModelJson } from '../../model/config-schema.js';
import type { Homes } from '../../model/containment.js';
import { parseModelJson } from '../../model/parse-config.js';
import { scanRepository } from '../../repository/files/layout.js';
import type { ModelOnDisk } from '../../repository/files/model-folder.js';
import { sourceOf } from '../../repository/files/version-source.js';
import { findModels, inspectVersion } from './inspect.js';

/** How `slipway init` writes. */
export interface StarterOptions {
  /** Take the place of a model.json that is there. */
  readonly force: boolean;
  /** The schema file of this installation. */
  readonly schema: string;
}

/** What was written. */
export interface Starter {
  readonly file: string;
  readonly json: ModelJson;
  /** What it was made from, and what to look at. */
  readonly notes: readonly string[];
}

/**
 * Writes a model.json into the folder of the one model that a path names: what exporters left beside the model, or the `image` block to start
 * from; beside it, a copy of its schema for editors. Each appears whole or not at all. Throws USAGE where one is there, where the path names several models or a file without a folder of
 * its own, and MODEL_INVALID for a model that cannot be served.
 */
export async function writeStarter(path: string, { force, schema }: StarterOptions): Promise<Starter> {
  const { model, folder, homes } = await findOneModel(path);
  const file = join(folder, 'model.json');
  if (!force && (await isThere(file))) {
    throw new AppError(
      'USAGE',
      `${file} exists already. See it with slipway inspect ${folder}, or add --force to replace it.`,
    );
  }
  const version = model.versions.at(-1)?.version ?? '1';
  const seen = await inspectVersion(sourceOf(model, version, { json: {} }), homes);
  if (seen.state !== 'servable') throw new AppError('MODEL_INVALID', `No model.json is written: ${seen.reason}`);
  const { suggestion = {}, notes = [] } = seen.model;
  const $schema = await placeSchema(schema, folder, force);
  const json = { ...($schema === undefined ? {} : { $schema }), description: '', ...suggestion, ...seen.config };
  const text = `${formatJson(json)}\n`;
  await place(file, text, force);
  const advice =
    'image' in suggestion ? ['The image block is a start: set its sizes, mean and std to those of its training.'] : [];
  const scope =
    resolve(path) === folder
      ? []
      : [
          `It applies to the folder ${folder}, not to a file that is served by itself. Serve the folder: slipway ${folder}`,
        ];
  return { file, json: parseModelJson(text), notes: [...notes, ...advice, ...scope] };
}

interface OneModel {
  readonly model: ModelOnDisk;
  readonly folder: string;
  readonly homes: Homes;
}

async function findOneModel(path: string): Promise<OneModel> {
  const { models, homes } = await findModels(path);
  const [model, ...others] = models;
  if (model === undefined || others.length > 0) {
    const names = models.map(({ name }) => name).join(', ');
    throw new AppError('USAGE', `${path} holds several models: ${names}. Name the folder of one of them.`);
  }
  if (model.problem !== undefined) throw new AppError('MODEL_INVALID', `No model.json is written: ${model.problem}.`);
  if (model.folder !== undefined) return { model, folder: model.folder, homes };
  // A folder with one file of any name is a model's own too, where what is around it is served.
  return findAround(resolve(model.versions[0]?.path ?? path));
}

/** The model whose folder a file belongs to: the one around its version's folder, or around the file. */
async function findAround(file: string): Promise<OneModel> {
  for (const folder of [dirname(dirname(file)), dirname(file)]) {
    const root = dirname(folder);
    const [model] = await scanRepository(root, [root], { only: basename(folder) }).catch(() => []);
    if (model?.folder !== undefined && model.versions.some((version) => version.path === file)) {
      return { model, folder, homes: [root] };
    }
  }
  const stem = basename(file).replace(/\.onnx$/i, '');
  const advice = `mkdir ${stem} && mv ${basename(file)} ${stem}/model.onnx`;
  throw new AppError(
    'USAGE',
    `${file} is not in a model's own folder, and a single file cannot have a model.json. Put it into a folder: ${advice}`,
  );
}

const isThere = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    () => false,
  );

const schemaName = 'model.schema.json';

/** The name of a copy of the schema beside the file, which a move or a commit takes along; undefined where this installation has none. */
async function placeSchema(schema: string, folder: string, force: boolean): Promise<string | undefined> {
  const text = await readFile(schema, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const file = join(folder, schemaName);
  if (force || !(await isThere(file))) await place(file, text, force);
  return schemaName;
}

/** JSON as people write it: lists of numbers and texts on one line where they fit. */
function formatJson(value: unknown): string {
  const lists = /\[\n\s+((?:[^[\]{}\n"]|"(?:[^"\\]|\\.)*")+(?:,\n\s+(?:[^[\]{}\n"]|"(?:[^"\\]|\\.)*")+)*)\n\s*\]/g;
  return JSON.stringify(value, undefined, 2).replace(lists, (whole, items: string) => {
    const line = `[${items.replaceAll(/\n\s+/g, ' ')}]`;
    return line.length <= 100 ? line : whole;
  });
}

/** Beside the file under a name that servers skip, then there in one step; without `force` never over what has come meanwhile. */
async function place(file: string, text: string, force: boolean): Promise<void> {
  const part = join(dirname(file), `.${basename(file)}.${process.pid}.part`);
  try {
    await writeFile(part, text);
    if (force) await rename(part, file);
    else await link(part, file).catch((error: unknown) => copyUnlessThere(error, part, file));
  } catch (thrown) {
    throw new AppError('USAGE', `${file} cannot be written: ${messageOf(thrown)}.`, { cause: thrown });
  } finally {
    await rm(part, { force: true });
  }
}

/** Where the file system has no links. */
async function copyUnlessThere(error: unknown, part: string, file: string): Promise<void> {
  if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
  await copyFile(part, file, constants.COPYFILE_EXCL);
}
