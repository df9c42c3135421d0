import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Names that the server skips: hidden files, editors' copies, unfinished downloads. */
const isIgnored = (name: string): boolean => /^\.|~$|\.(tmp|part|swp|bak|crdownload)$/.test(name);

const isOnnx = (name: string): boolean => /\.onnx$/i.test(name);

/**
 * Names of the models that the server would look for in a folder: `<model>/<version>/model.onnx`, `<model>/model.onnx`,
 * `<model>/onnx/model.onnx`, `<model>.onnx`, and `<pipeline>/pipeline.json`. Whether they can be loaded is not asked. Empty where the folder cannot be read.
 */
export async function readModelNames(folder: string): Promise<readonly string[]> {
  const names = await list(folder);
  const models = await Promise.all(
    names.map(async (name) => {
      if (isOnnx(name)) return [name.slice(0, -'.onnx'.length)];
      return (await holdsModel(join(folder, name))) ? [name] : [];
    }),
  );
  return [...new Set(models.flat())].sort();
}

async function holdsModel(folder: string): Promise<boolean> {
  const names = await list(folder);
  if (names.some((name) => isOnnx(name) || name === 'pipeline.json')) return true;
  const inner = names.filter((name) => /^0*[1-9]\d*$/.test(name) || name === 'onnx');
  const inside = await Promise.all(inner.map((name) => list(join(folder, name))));
  return inside.some((files) => files.some(isOnnx));
}

async function list(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => !isIgnored(name));
}
