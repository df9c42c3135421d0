import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bytesField, concat, integerField } from '../../src/model/onnx/wire.js';

const shape = bytesField(2, [bytesField(1, [bytesField(2, 'batch')]), bytesField(1, [integerField(1, 4)])]);
const value = (name: string) => [bytesField(1, name), bytesField(2, [bytesField(1, [integerField(1, 1), shape])])];
const entry = (key: string, text: string) => bytesField(13, [bytesField(1, key), bytesField(2, text)]);

/** A model file that adds a constant, the first of `count` that it looks for in `location`. */
export function externalModel(location: string, count = 1024): Uint8Array {
  const weight = [
    integerField(1, count),
    integerField(1, 4),
    integerField(2, 1),
    bytesField(8, 'W'),
    entry('location', location),
    integerField(14, 1),
  ];
  const gather = [bytesField(1, 'W'), bytesField(1, 'zero'), bytesField(2, 'k'), bytesField(4, 'Gather')];
  const add = [bytesField(1, 'X'), bytesField(1, 'k'), bytesField(2, 'Y'), bytesField(4, 'Add')];
  const zero = [integerField(2, 7), bytesField(8, 'zero'), bytesField(9, new Uint8Array(8))];
  const graph = [
    bytesField(1, gather),
    bytesField(1, add),
    bytesField(2, 'external'),
    bytesField(5, weight),
    bytesField(5, zero),
    bytesField(11, value('X')),
    bytesField(12, value('Y')),
  ];
  return concat([integerField(1, 8), bytesField(7, graph), bytesField(8, [integerField(2, 17)])]);
}

/** Y = X + k as `addsConstant`, with `k` repeated `count` times in `location` outside the model file; only the first is used. */
export async function putExternalModel(
  folder: string,
  { k, location, count = 1024 }: { readonly k: number; readonly location: string; readonly count?: number },
): Promise<{ readonly model: string; readonly weights: string }> {
  const [model, weights] = [join(folder, 'model.onnx'), join(folder, location)];
  await mkdir(dirname(weights), { recursive: true });
  await writeFile(weights, new Float32Array(count * 4).fill(k));
  await writeFile(model, externalModel(location, count));
  return { model, weights };
}
