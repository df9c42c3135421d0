import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Names that the server passes over: hidden files, editors' copies, unfinished downloads. */
const isIgnored = (name: string): boolean => /^\.|~$|\.(tmp|part|swp|bak|crdownload)$/.test(name);

/**
 * Names of the models that the server would look for in a folder: `<model>/<version>/model.onnx`, `<model>/model.onnx`,
 * `<model>.onnx`. Whether they can be loaded is not asked. Empty where the folder cannot be read.
 */
export async function readModelNames(folder: string): Promise<readonly string[]> {
  const names = await list(folder);
  const models = await Promise.all(
    names.map(async (name) => {
      if (name.endsWith('.onnx')) return [name.slice(0, -'.onnx'.length)];
      return (await holdsModel(join(folder, name))) ? [name] : [];
    }),
  );
  return [...new Set(models.flat())].sort();
}

async function holdsModel(folder: string): Promise<boolean> {
  const names = await list(folder);
  if (names.includes('model.onnx')) return true;
  const versions = names.filter((name) => /^[1-9]\d*$/.test(name));
  const inside = await Promise.all(versions.map((version) => list(join(folder, version))));
  return inside.some((files) => files.includes('model.onnx'));
}

async function list(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => !isIgnored(name));
}
