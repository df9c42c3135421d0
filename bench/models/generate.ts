import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeOnnx, type Graph } from '../../src/model/onnx/writer.js';
import { buildConvolutionNet } from './convolution-net.js';
import { buildEncoder } from './encoder.js';
import { buildPerceptron } from './perceptron.js';

/** Part of every generated file's name: changed with the architectures, so that a cache never answers with an old one. */
const generation = 1;

/** The models that the benchmark can make, by name; each has random weights and says so in its metadata. */
export const generators: Readonly<Record<string, () => Graph>> = {
  'random-convolution-net': () => buildConvolutionNet(1),
  'random-encoder': () => buildEncoder(2),
  'random-perceptron': () => buildPerceptron(3, [784, 1024, 1024, 10]),
};

/**
 * Writes a generated model into `<repository>/<name>/<generation>/model.onnx` unless it is there, and answers the path of the file.
 * A file appears whole or not at all.
 */
export async function generateModel(repository: string, name: string): Promise<string> {
  const build = generators[name];
  if (build === undefined)
    throw new RangeError(`No generator for ${name}; there are ${Object.keys(generators).join(', ')}`);
  const folder = join(repository, name, String(generation));
  const path = join(folder, 'model.onnx');
  if (await stat(path).catch(() => undefined)) return path;
  await mkdir(folder, { recursive: true });
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, writeOnnx(build()));
  await rename(part, path);
  return path;
}
