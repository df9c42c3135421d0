import { join } from 'node:path';
import { AppError, messageOf } from '../../errors.js';
import { omitUndefined } from '../../omit-undefined.js';
import { readRegularFile } from '../../regular-file.js';
import type { ModelJson } from '../../model/config-schema.js';
import { followLinks, type Homes } from '../../model/containment.js';
import { decodeFileText } from '../../model/file-text.js';
import { parseModelJson } from '../../model/parse-config.js';
import type { ModelOnDisk } from './model-folder.js';
import { describeObstacle } from './place.js';
import { readSmall } from './read-within.js';

/** A model's model.json as it is now. */
export interface ConfigOnDisk {
  readonly text?: string;
  readonly json: ModelJson;
  readonly problem?: string;
  /** What does not hold of the file while another text does in its place. */
  readonly notes?: readonly string[];
}

/** One version as it is to be served, and what stands in the way of that. */
export interface VersionSource {
  readonly name: string;
  readonly version: string;
  readonly path?: string;
  readonly folder?: string;
  readonly problem?: string;
  /** How its file was found, where that needs a word. */
  readonly notes?: readonly string[];
  /** Text of the configuration in force; undefined where the model has none. */
  readonly configText?: string;
  readonly json: ModelJson;
}

/** Reads the model.json of a model's folder, or takes the text that holds in its place; what is wrong with it stands in `problem`. Never rejects. */
export async function readConfig(
  folder: string | undefined,
  { homes, override }: { readonly homes: Homes; readonly override?: string },
): Promise<ConfigOnDisk> {
  let text = override;
  try {
    text ??= await readFileIn(folder, homes);
    if (text === undefined) return { json: {} };
    const json = parseModelJson(text);
    return override === undefined ? { text, json } : { text, json, notes: await notesOnOverride(json, folder, homes) };
  } catch (error) {
    return { json: {}, problem: messageOf(error), ...(text === undefined ? {} : { text }) };
  }
}

async function readFileIn(folder: string | undefined, homes: Homes): Promise<string | undefined> {
  return folder === undefined ? undefined : readSmall('model.json', readIfThere(join(folder, 'model.json'), homes));
}

/** A text in place of the file replaces all of it, as in Triton: its own keys are all that hold. */
async function notesOnOverride(json: ModelJson, folder: string | undefined, homes: Homes): Promise<readonly string[]> {
  const { json: file } = await readConfig(folder, { homes });
  const lost = Object.keys(file).filter((key) => !(key in json) && key !== '$schema');
  const without = lost.length === 0 ? '' : `, so that its ${lost.map((key) => `'${key}'`).join(', ')} do not hold`;
  return [
    `The configuration of a load call holds in place of all of model.json${without}; a load without one takes the file again.`,
  ];
}

const mostSettingsBytes = 4 << 20;

async function readIfThere(path: string, homes: Homes): Promise<string | undefined> {
  const found = await followLinks(path, homes);
  if (found.kind === 'absent' && found.linkTo === undefined) return undefined;
  if (found.kind !== 'inside') throw new AppError('MODEL_INVALID', `model.json: ${describeObstacle(found)}`);
  try {
    return decodeFileText(await readRegularFile(found.path, mostSettingsBytes));
  } catch (cause) {
    throw new AppError('MODEL_INVALID', `model.json cannot be read (${messageOf(cause)})`, { cause });
  }
}

/** One version of a model on disk, with what keeps it from being served. */
export function sourceOf(disk: ModelOnDisk, version: string, config: ConfigOnDisk): VersionSource {
  const found = disk.versions.find((candidate) => candidate.version === version);
  const missing =
    found === undefined ? `model.json names version ${version}, but there is no such version folder` : undefined;
  const problem = config.problem ?? found?.problem ?? missing;
  return {
    name: disk.name,
    version,
    json: config.json,
    ...(found?.path === undefined ? {} : { path: found.path }),
    notes: [...(found?.notes ?? []), ...(config.notes ?? [])],
    ...omitUndefined({ folder: disk.folder, problem, configText: config.text }),
  };
}
