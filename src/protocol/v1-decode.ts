import { AppError } from '../errors.js';
import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { refuseRepeat } from './decode-tensor.js';
import { ascii } from './json/ascii.js';
import { JsonReader } from './json/reader.js';
import { skipValue } from './json/skip.js';
import type { ModelSignature } from './signature.js';
import { findInput, readNestedTensor } from './v1-tensor.js';
import { validateInferRequest, type CheckedRequest } from './validate.js';

/** `rows`: `instances` in, `predictions` out. `columns`: `inputs` in, `outputs` out. */
export type PredictForm = 'rows' | 'columns';

/** A version 1 predict request that fits its model; every output is answered. */
export interface PredictRequest extends CheckedRequest {
  readonly form: PredictForm;
}

/** Decodes a predict request of the version 1 protocols; shapes come from the nesting. Throws INVALID_INPUT. */
export function decodePredictRequest(body: Buffer, model: ModelSignature): PredictRequest {
  if (body.length === 0) throw new AppError('INVALID_INPUT', 'the request has no body: expected a JSON object');
  const reader = new JsonReader(body);
  const { form, offset } = findForm(reader);
  reader.pos = offset;
  const inputs = form === 'rows' ? readRows(reader, model) : readColumns(reader, model);
  const defaults = { outputs: [], binaryOutput: false, timeoutUs: 0, priority: 0, parameters: new Map() };
  return { ...validateInferRequest({ inputs, ...defaults }, model), form };
}

/** Reads through the whole document and answers which form it has and where its value stands. */
function findForm(reader: JsonReader): { readonly form: PredictForm; readonly offset: number } {
  const offsets: { instances?: number; inputs?: number } = {};
  reader.readObject('the request', (key) => {
    reader.peek();
    if (key === 'instances' || key === 'inputs') {
      refuseRepeat(reader, key, offsets[key]);
      offsets[key] = reader.pos;
    }
    if (key === 'signature_name') reader.readString("'signature_name'");
    else skipValue(reader, true);
  });
  reader.finish();
  const { instances, inputs } = offsets;
  if (instances !== undefined && inputs === undefined) return { form: 'rows', offset: instances };
  if (inputs !== undefined && instances === undefined) return { form: 'columns', offset: inputs };
  const fault = inputs === undefined ? 'Missing' : 'Not formatted correctly: only one may be given of';
  throw new AppError('INVALID_INPUT', `${fault} 'inputs' or 'instances' key`);
}

/** `inputs`: one tensor where the model has one input, else an object of tensors by name. */
function readColumns(reader: JsonReader, model: ModelSignature): Map<string, Tensor> {
  const only = findOnlyInput(model);
  if (only !== undefined && !isNamed(reader, only.name)) {
    return new Map([[only.name, readNestedTensor(reader, only, model)]]);
  }
  const inputs = new Map<string, Tensor>();
  reader.readObject(`'inputs' of model '${model.name}', which has several inputs,`, (name) => {
    refuseRepeat(reader, name, inputs.get(name));
    inputs.set(name, readNestedTensor(reader, findInput(model, name), model));
  });
  return inputs;
}

/** `instances`: values without the batch dimension where the model has one input, else objects of them by name. */
function readRows(reader: JsonReader, model: ModelSignature): Map<string, Tensor> {
  const only = findOnlyInput(model);
  if (reader.peek() !== ascii.openArray) reader.fail("'instances' must be an array");
  if (only !== undefined && !isNamed(reader, only.name)) {
    return new Map([[only.name, readNestedTensor(reader, only, model)]]);
  }
  const columns = new Map<string, Buffer[]>(model.inputs.map(({ name }) => [name, []]));
  let rows = 0;
  reader.readArray("'instances'", () => {
    rows++;
    readInstance(reader, model, columns);
    for (const [name, items] of columns) {
      if (items.length !== rows)
        reader.fail(`instance ${String(rows - 1)} has no '${name}': each needs every input once`);
    }
  });
  return new Map(model.inputs.map((spec) => [spec.name, stack(columns.get(spec.name) ?? [], spec, model)]));
}

function readInstance(reader: JsonReader, model: ModelSignature, columns: ReadonlyMap<string, Buffer[]>): void {
  reader.readObject(`an instance for model '${model.name}'`, (name) => {
    findInput(model, name);
    reader.peek();
    const start = reader.pos;
    skipValue(reader, true);
    columns.get(name)?.push(reader.bytes.subarray(start, reader.pos));
  });
}

/** The tensor that an array of the items is. */
function stack(items: readonly Buffer[], spec: TensorSpec, model: ModelSignature): Tensor {
  const [open, comma, close] = ['[', ',', ']'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  const parts = items.flatMap((item, index) => (index === 0 ? [item] : [comma, item]));
  const reader = new JsonReader(Buffer.concat([open, ...parts, close]), `the instances of input '${spec.name}'`);
  return readNestedTensor(reader, spec, model);
}

function findOnlyInput({ inputs }: ModelSignature): TensorSpec | undefined {
  return inputs.length === 1 ? inputs[0] : undefined;
}

/** Whether the first object at the cursor, or in the array there, has this key first; the cursor stays. */
function isNamed(reader: JsonReader, name: string): boolean {
  const start = reader.pos;
  if (reader.peek() === ascii.openArray) {
    reader.pos++;
    reader.peek();
  }
  let isName = false;
  if (reader.peek() === ascii.openObject) {
    reader.pos++;
    isName = reader.peek() === ascii.quote && reader.readString('a key') === name;
  }
  reader.pos = start;
  return isName;
}
