import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { AppError } from '../../src/errors.js';
import { generateModel, generators } from '../models/generate.js';
import type { Subject } from './subject.js';

/** Which models are to be measured. */
export interface SubjectRequest {
  /** Names, or paths of .onnx files; empty: every model of the folder. */
  readonly models: readonly string[];
  /** A folder with models. */
  readonly folder: string;
  /** Where generated models are kept. */
  readonly cacheFolder: string;
  /** Names that nobody here knows are left to servers elsewhere. */
  readonly hasRemote: boolean;
  readonly narrate: (line: string) => void;
}

/** The models wished for. Throws USAGE with the names there are for one that is not found. */
export async function findSubjects(request: SubjectRequest): Promise<readonly Subject[]> {
  const inFolder = await listFolder(request.folder);
  if (request.models.length > 0) return Promise.all(request.models.map((name) => findSubject(name, inFolder, request)));
  if (inFolder.length > 0) return inFolder;
  throw new AppError('USAGE', `There is no model in ${request.folder}. Type: npm run bench -- --model FILE.onnx`);
}

async function findSubject(name: string, inFolder: readonly Subject[], request: SubjectRequest): Promise<Subject> {
  const known = inFolder.find((subject) => subject.name === name);
  if (known !== undefined) return known;
  if (name in generators) {
    request.narrate(`generating ${name} (random weights), once`);
    await generateModel(request.cacheFolder, name);
    return { name, source: { kind: 'folder', path: join(request.cacheFolder, name) }, weights: 'random' };
  }
  if (name.endsWith('.onnx') && (await stat(name).catch(() => undefined))?.isFile() === true) {
    return lone(resolve(name));
  }
  if (request.hasRemote && !name.includes('/')) return { name, weights: 'given' };
  const names = [...inFolder.map((subject) => subject.name), ...Object.keys(generators)].join(', ');
  throw new AppError(
    'USAGE',
    `--model ${name}: no such model or file. There are ${names}; or name a file such as model.onnx.`,
  );
}

async function listFolder(folder: string): Promise<readonly Subject[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw new AppError('USAGE', `--models ${folder}: there is no such folder. Type: npm run bench -- --models DIR`);
  });
  const subjects = entries.map(async (entry): Promise<Subject | undefined> => {
    const path = join(folder, entry.name);
    if (entry.isFile() && entry.name.endsWith('.onnx')) return lone(path);
    if (!entry.isDirectory() || (await findModelFile(path)) === undefined) return undefined;
    return { name: entry.name, source: { kind: 'folder', path }, weights: 'given' };
  });
  return (await Promise.all(subjects)).filter((subject) => subject !== undefined);
}

function lone(path: string): Subject {
  return { name: basename(path, '.onnx'), source: { kind: 'file', path }, weights: 'given' };
}

/** The file that a server takes of a model's folder: that of the highest version, or a lone model.onnx. */
export async function findModelFile(folder: string): Promise<string | undefined> {
  const names = await readdir(folder);
  const versions = names.filter((name) => /^[1-9]\d*$/.test(name)).sort((a, b) => Number(b) - Number(a));
  for (const path of [...versions.map((version) => join(folder, version, 'model.onnx')), join(folder, 'model.onnx')]) {
    if (await stat(path).catch(() => undefined)) return path;
  }
  return undefined;
}
