import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTensor } from './elements.js';
import { allOf, integersOf, lastOf, readSignature } from './wire.js';

const folders = ['node', 'simple', 'pytorch-converted', 'pytorch-operator'];

/** The tests below `onnx/backend/test/data`, by name; a name that comes twice has its folder in front. */
export async function findCases(data) {
  const cases = [];
  for (const folder of folders) {
    for (const name of (await readdir(join(data, folder))).sort()) {
      const isTaken = cases.some((known) => known.name === name);
      cases.push({ name: isTaken ? `${folder}.${name}` : name, path: join(data, folder, name) });
    }
  }
  return cases;
}

/** What a test holds: the model's bytes, its signature, and for each declared input and output the value, undefined where it has none. */
export async function readCase({ name, path }) {
  const model = await readFile(join(path, 'model.onnx'));
  const signature = readSignature(model);
  const set = join(path, 'test_data_set_0');
  const read = async (kind, declared) => {
    const values = [];
    for (const [index, value] of declared.entries()) {
      const bytes = await readFile(join(set, `${kind}_${index}.pb`)).catch(() => undefined);
      values.push({ ...value, value: bytes === undefined ? undefined : readValue(bytes, value.type) });
    }
    return values;
  };
  return {
    name,
    path: join(path, 'model.onnx'),
    inputs: await read('input', signature.inputs),
    outputs: await read('output', signature.outputs),
  };
}

/** A tensor; a list for a sequence; undefined for an optional without a value. */
function readValue(bytes, type) {
  const [kind, ...inner] = type.split(' ');
  if (kind === 'sequence')
    return allOf(bytes, integersOf(bytes, 2)[0] === 3n ? 5 : 3).map((part) => readValue(part, inner.join(' ')));
  if (kind === 'optional') return readOptional(bytes, inner.join(' '));
  return readTensor(bytes);
}

/** An OptionalProto; some tests hold the value itself instead. */
function readOptional(bytes, type) {
  const element = integersOf(bytes, 2)[0];
  const held = { 1: 3, 3: 5 }[Number(element)];
  const isProto = held !== undefined && lastOf(bytes, held) !== undefined && lastOf(bytes, 9) === undefined;
  if (isProto) return readValue(lastOf(bytes, held), type);
  try {
    return readValue(bytes, type);
  } catch {
    return undefined;
  }
}
