import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, messageOf } from '../../errors.js';
import { followLinks, type Homes } from '../../model/containment.js';
import { decodeFileText } from '../../model/file-text.js';
import { parsePipeline } from '../../model/pipeline/pipeline-json.js';
import { checkModelName } from '../../protocol/paths.js';
import { describeObstacle, listFolder } from '../../repository/files/place.js';
import { readSmall } from '../../repository/files/read-within.js';
import type { FoundPipeline } from './types.js';

const file = 'pipeline.json';
const mostBytes = 1 << 20;

/** Where pipelines are looked for. */
export interface PipelinesPlace {
  readonly root: string;
  /** The one entry of it that is served. */
  readonly only?: string | undefined;
  readonly servedAs?: string | undefined;
  /** Folders that links may lead into. */
  readonly homes: Homes;
}

/** Folders of a model repository that hold a pipeline.json, in the order of their names; what is wrong with one is told with it. */
export async function findPipelines({
  root,
  only,
  servedAs,
  homes,
}: PipelinesPlace): Promise<readonly FoundPipeline[]> {
  const entries = await listFolder(root).catch(() => []);
  const names = entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .filter((name) => only === undefined || name === only);
  const found = await Promise.all(names.map((name) => readPipeline(join(root, name), servedAs ?? name, homes)));
  return found.filter((one) => one !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readPipeline(folder: string, name: string, homes: Homes): Promise<FoundPipeline | undefined> {
  try {
    const text = await readSmall(file, readText(join(folder, file), homes));
    if (text === undefined) return undefined;
    const config = parsePipeline(text);
    checkModelName(name);
    for (const step of config.steps) checkModelName(step.model);
    return { name, config };
  } catch (thrown) {
    return { name, problem: messageOf(thrown) };
  }
}

/** Undefined where there is no such file. */
async function readText(path: string, homes: Homes): Promise<string | undefined> {
  const place = await followLinks(path, homes);
  if (place.kind === 'absent' || (await isInFile(path))) return undefined;
  if (place.kind !== 'inside') throw new AppError('MODEL_INVALID', `${file}: ${describeObstacle(place)}`);
  const stats = await stat(place.path);
  if (!stats.isFile() || stats.size > mostBytes) {
    throw new AppError('MODEL_INVALID', `${file} is not a file of up to ${mostBytes} bytes`);
  }
  const bytes = await readFile(place.path);
  try {
    return decodeFileText(bytes);
  } catch (cause) {
    throw new AppError('MODEL_INVALID', `${file} cannot be read (${messageOf(cause)})`, { cause });
  }
}

/** Whether the entry is a link to a file, not to a folder: a model file of another place, or any other. */
async function isInFile(path: string): Promise<boolean> {
  return (await stat(dirname(path)).catch(() => undefined))?.isFile() === true;
}
