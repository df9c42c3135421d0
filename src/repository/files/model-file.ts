import { join } from 'node:path';
import type { Homes } from '../../model/containment.js';
import { findPlace, listFolder } from './place.js';

/** The model file of a folder, why there is one that cannot be used, or that there is none. */
export type ModelFile =
  | {
      readonly kind: 'found';
      readonly path: string;
      /** What was chosen and what was left, for people. */
      readonly notes: readonly string[];
    }
  | { readonly kind: 'refused'; readonly problem: string }
  | { readonly kind: 'absent' };

/** A folder in which model files are looked for. */
export interface FolderToSearch {
  readonly path: string;
  /** As messages name it, from the repository on. */
  readonly shown: string;
  readonly homes: Homes;
}

/** Whether a name is that of an ONNX file. */
export const isOnnx = (name: string): boolean => /\.onnx$/i.test(name);

/** Names of the ONNX files, or of what is named like them, that stand in a folder; none where it cannot be read. */
export async function listOnnx(folder: string): Promise<readonly string[]> {
  const entries = await listFolder(folder).catch(() => []);
  return entries.flatMap(({ name }) => (isOnnx(name) ? [name] : [])).sort();
}

/**
 * The ONNX file of one model's folder: `model.onnx`; the same in capitals; else the one ONNX file that is there. Several of which none
 * is `model.onnx` are refused by name. A folder named `model.onnx` holds the file, as other servers have it for weights in files of their own.
 */
export async function findModelFile({ path: folder, shown, homes }: FolderToSearch): Promise<ModelFile> {
  const candidates: Candidate[] = [];
  for (const name of await listOnnx(folder)) {
    const place = await findPlace(join(folder, name), homes);
    if (place.kind === 'folder' && name === 'model.onnx') {
      return findModelFile({ path: join(folder, name), shown: `${shown}/${name}`, homes });
    }
    if (place.kind === 'file' || place.problem !== undefined) candidates.push({ name, problem: place.problem });
  }
  return choose(candidates, { path: folder, shown });
}

interface Candidate {
  readonly name: string;
  readonly problem: string | undefined;
}

function choose(
  candidates: readonly Candidate[],
  { path: folder, shown }: { readonly path: string; readonly shown: string },
): ModelFile {
  if (candidates.length === 0) return { kind: 'absent' };
  const likely = candidates.filter(({ name }) => name.toLowerCase() === 'model.onnx');
  const exact = candidates.filter(({ name }) => name === 'model.onnx');
  const [chosen, rival] = [exact, likely, candidates].find((choice) => choice.length > 0) ?? [];
  const names = candidates.map(({ name }) => name);
  if (chosen === undefined || rival !== undefined) {
    const problem = `'${shown}' holds several ONNX files and none of them is model.onnx: ${names.join(', ')}; rename the one to serve, or give each a folder of its own`;
    return { kind: 'refused', problem };
  }
  const { name, problem } = chosen;
  if (problem !== undefined) return { kind: 'refused', problem };
  const others = names.filter((other) => other !== name);
  const notes = [
    ...(name === 'model.onnx' ? [] : [`The model file is '${shown}/${name}': there is no model.onnx beside it.`]),
    ...(others.length === 0 ? [] : [`Not served, since ${name} is: ${others.join(', ')} in '${shown}'.`]),
  ];
  return { kind: 'found', path: join(folder, name), notes };
}
