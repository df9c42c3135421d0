import { join } from 'node:path';
import { messageOf } from '../../errors.js';
import type { Homes } from '../../model/containment.js';
import { findModelFile, isOnnx, listOnnx } from './model-file.js';
import { listFolder } from './place.js';
import type { VersionPolicy } from '../../model/config.js';
import { escapeMisleading } from '../../protocol/paths.js';

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

/** A version that the folder of a model holds. */
export interface VersionOnDisk {
  readonly version: string;
  /** The model file by its name in the repository, which may be a link; undefined where `problem` says why there is none. */
  readonly path?: string;
  readonly problem?: string;
  /** What was taken under another name, and what was skipped, for people. */
  readonly notes?: readonly string[];
}

/** The folder of a model. */
export interface FolderOfModel {
  readonly name: string;
  readonly path: string;
  readonly homes: Homes;
}

/** Leading zeros are taken: tools write `01` so that names sort. */
const versionName = /^0*[1-9][0-9]{0,15}$/;
/** Meant as versions, and none. */
const likeVersion = /^v?[0-9][0-9._-]*$/i;

/** Reads one folder of a repository as a model; undefined where it is none. */
export async function readModelFolder({ name, path: folder, homes }: FolderOfModel): Promise<ModelOnDisk | undefined> {
  const entries = await listFolder(folder).catch((cause: unknown) => `the folder cannot be read (${messageOf(cause)})`);
  if (typeof entries === 'string') return { name, folder, versions: [], problem: entries };
  const names = entries.map((entry) => entry.name);
  const strays = await findStrays(folder, names);
  const versions = await readVersions({ name, path: folder, homes }, names);
  if (versions.length > 0) {
    const notes = [
      ...notesBeside(name, await listOnnx(folder)),
      ...notesOnStrays(name, strays),
      ...notesOnForeign(name, names),
    ];
    return { name, folder, versions: versions.map((version) => addNotes(version, notes)) };
  }
  for (const inside of names.includes('onnx') ? ['', 'onnx'] : ['']) {
    const shown = inside === '' ? name : `${name}/${inside}`; // `onnx/` as exporters of Hugging Face write it
    const file = await findModelFile({ path: join(folder, inside), shown, homes });
    if (file.kind === 'refused') return { name, folder, versions: [{ version: '1', problem: file.problem }] };
    if (file.kind === 'absent') continue;
    const notes = [...file.notes, ...notesOnStrays(name, strays), ...notesOnForeign(name, names)];
    return { name, folder, versions: [addNotes({ version: '1', path: file.path }, notes)] };
  }
  if (!names.some((file) => settings.includes(file)) && strays.length === 0) return undefined;
  const found =
    strays.length === 0
      ? butOthers(names.filter((file) => !settings.includes(file)))
      : ` where one is looked for, but ${strays.map((stray) => `'${name}/${stray}'`).join(', ')}`;
  const problem = `no model file was found${found}; expected '${name}/1/model.onnx', '${name}/model.onnx' or '${name}/onnx/model.onnx'`;
  return { name, folder, versions: [], problem };
}

function addNotes(version: VersionOnDisk, notes: readonly string[]): VersionOnDisk {
  const all = [...(version.notes ?? []), ...notes];
  return all.length === 0 ? version : { ...version, notes: all };
}

async function readVersions(model: FolderOfModel, names: readonly string[]): Promise<readonly VersionOnDisk[]> {
  const folders = new Map<string, string[]>();
  for (const name of names.filter((entry) => versionName.test(entry))) {
    const version = name.replace(/^0+/, '');
    folders.set(version, [...(folders.get(version) ?? []), name].sort());
  }
  const numbers = [...folders.keys()].sort((a, b) => Number(a) - Number(b));
  return Promise.all(numbers.map((version) => readVersion(model, version, folders.get(version) ?? [])));
}

async function readVersion(
  { name: model, path, homes }: FolderOfModel,
  version: string,
  folders: readonly string[],
): Promise<VersionOnDisk> {
  const [folder = version, ...more] = folders;
  if (more.length > 0) {
    const all = folders.map((name) => `'${name}'`).join(' and ');
    return { version, problem: `the folders ${all} are the same version ${version}; remove all but one` };
  }
  const file = await findModelFile({ path: join(path, folder), shown: `${model}/${folder}`, homes });
  if (file.kind === 'refused') return { version, problem: file.problem };
  if (file.kind === 'absent') {
    const others = (await listFolder(join(path, folder)).catch(() => [])).map((entry) => entry.name);
    return { version, problem: `the version folder '${folder}' holds no file model.onnx${butOthers(others)}` };
  }
  const notes = folder === version ? [] : [`The folder '${folder}' is version ${version}.`];
  return addNotes({ version, path: file.path }, [...notes, ...file.notes]);
}

/** More subfolders than this are no versions. */
const mostLooked = 64;

/** ONNX files in subfolders where no model is looked for: those of wrong version names, and every `model.onnx`. */
async function findStrays(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const others = names.filter((name) => !versionName.test(name) && name !== 'onnx').slice(0, mostLooked);
  const lists = await Promise.all(
    others.map(async (name) => {
      const files = await listOnnx(join(folder, name));
      const meant = likeVersion.test(name) ? files : files.filter((file) => file.toLowerCase() === 'model.onnx');
      return meant.map((file) => `${name}/${file}`);
    }),
  );
  return lists.flat().sort();
}

function notesBeside(model: string, files: readonly string[]): readonly string[] {
  return files.length === 0 ? [] : [`Not served, since there are version folders: ${files.join(', ')} in '${model}'.`];
}

function notesOnStrays(model: string, strays: readonly string[]): readonly string[] {
  if (strays.length === 0) return [];
  return [`Not served, since versions are folders with whole numbers from 1: ${strays.join(', ')} in '${model}'.`];
}

/** Settings of other servers (Triton, MLServer), which lie beside models and say what `model.json` would. */
const foreignSettings: readonly string[] = ['config.pbtxt', 'model-settings.json'];
/** A folder with one of these was meant as a model. */
const settings: readonly string[] = ['model.json', ...foreignSettings];

function notesOnForeign(model: string, names: readonly string[]): readonly string[] {
  const found = foreignSettings.filter((file) => names.includes(file));
  if (found.length === 0) return [];
  return [`Not read: ${found.join(', ')} in '${model}'; what it sets belongs in model.json (docs/migrating.md).`];
}

/** `, but model.plan and 2 more: only ONNX files are served`. */
export function butOthers(names: readonly string[]): string {
  const [first, ...more] = names.filter((name) => !isOnnx(name)).sort();
  if (first === undefined) return '';
  return `, but ${escapeMisleading(first)}${more.length === 0 ? '' : ` and ${more.length} more`}: only ONNX files are served`;
}

/** Why a version that is on disk is not served, as the end of a sentence. */
export function whyNotServed(policy: VersionPolicy | undefined): string {
  if (policy !== undefined) return `model.json says "versions": ${JSON.stringify(policy)}`;
  return 'only the highest version is, unless model.json has "versions": "all" or a list';
}

/** The versions to serve, ascending; those that a list names are wanted even where they are not on disk. */
export function chooseVersions(policy: VersionPolicy | undefined, onDisk: readonly string[]): readonly string[] {
  const ascending = (versions: readonly string[]) => [...versions].sort((a, b) => Number(a) - Number(b));
  if (policy === 'all') return ascending(onDisk);
  if (policy === undefined || policy === 'latest') return ascending(onDisk).slice(-1);
  return ascending([...new Set(policy.map(String))]);
}
