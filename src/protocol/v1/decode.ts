import type { Datatype } from '../../tensor/datatype.js';
import type { Tensor, TensorSpec } from '../../tensor/tensor.js';
import { checkShape, refuseRepeat, readParameters } from '../v2/decode-tensor.js';
import { measureNesting, skipValue } from '../json/nesting.js';
import { JsonReader, ascii } from '../json/reader.js';
import { readTensorData } from '../json/tensor-data.js';
import type { ModelSignature, Parameters } from '../types.js';
import {
  createInputCheck,
  failUnknown,
  type InputCheck,
  validateInferRequest,
  type CheckedRequest,
  allInputs,
  createFinder,
} from '../validate.js';
import { AppError } from '../../errors.js';

/** What nested tensors are read for. */
export interface NestedSource {
  readonly model: ModelSignature;
  readonly find: (name: string) => TensorSpec | undefined;
  readonly check: InputCheck;
}

/** A source made once a request. */
function createNestedSource(model: ModelSignature): NestedSource {
  return { model, find: createFinder(allInputs(model)), check: createInputCheck(model) };
}

/** Reads a tensor at the cursor: its shape from the nesting, its datatype from the model. Checked before any element is made. */
function readNestedTensor(reader: JsonReader, spec: TensorSpec, { model, check }: NestedSource): Tensor {
  const { name } = spec;
  const label = `input '${name}'`;
  reader.peek();
  const start = reader.pos;
  const { shape, hasObjects } = measureNesting(reader, label);
  const end = reader.pos;
  const datatype: Datatype = hasObjects && model.imageInputs?.has(name) === true ? 'BYTES' : spec.datatype;
  const header = { label, datatype, shape, count: checkShape(shape, { label, datatype }) };
  check({ name, datatype, shape });
  const source = shape.length > 0 ? reader : wrapScalar(reader.bytes.subarray(start, end), label);
  if (source === reader) reader.pos = start;
  const tensor = readTensorData(source, { ...header, hasHalfNumbers: true, hasBase64: true });
  reader.pos = end;
  return tensor;
}

/** A scalar stands without brackets, which the reader of elements needs. */
function wrapScalar(bytes: Buffer, label: string): JsonReader {
  return new JsonReader(Buffer.from(`[${bytes.toString('utf8')}]`), `the value of ${label}`);
}

/** The declared input of a name, or a refusal. */
function findInput({ model, find }: NestedSource, name: string): TensorSpec {
  return find(name) ?? failUnknown(name, model);
}

/** `rows`: `instances` in, `predictions` out. `columns`: `inputs` in, `outputs` out. */
export type PredictForm = 'rows' | 'columns';

/** A version 1 predict request that fits its model; every output is answered. */
export interface PredictRequest extends CheckedRequest {
  readonly form: PredictForm;
  /** Entries of the first input's first dimension: of the form `rows`, the answer has as many. */
  readonly instances: number;
}

/** Decodes a predict request of the version 1 protocols; shapes come from the nesting. Throws INVALID_INPUT. */
export function decodePredictRequest(body: Buffer, model: ModelSignature): PredictRequest {
  if (body.length === 0) throw new AppError('INVALID_INPUT', 'the request has no body: expected a JSON object');
  const reader = new JsonReader(body);
  const { form, offset, parameters } = findForm(reader, model);
  reader.pos = offset;
  const source = createNestedSource(model);
  const inputs = form === 'rows' ? readRows(reader, source) : readColumns(reader, source);
  const defaults = { outputs: [], binaryOutput: false, timeoutUs: 0, priority: 0, parameters };
  const [first] = inputs.values();
  return { ...validateInferRequest({ inputs, ...defaults }, model), form, instances: first?.shape[0] ?? 1 };
}

interface FoundForm {
  readonly form: PredictForm;
  /** Where its value stands; the document's end where a model without inputs is asked without any. */
  readonly offset: number;
  readonly parameters: Parameters;
}

/** Reads through the whole document and answers which form it has. */
function findForm(reader: JsonReader, model: ModelSignature): FoundForm {
  const offsets: { instances?: number; inputs?: number } = {};
  let parameters: Parameters | undefined;
  reader.readObject('the request', (key) => {
    if (reader.takeNull()) return;
    if (key === 'instances' || key === 'inputs') {
      refuseRepeat(reader, key, offsets[key]);
      offsets[key] = reader.pos;
    }
    if (key === 'signature_name') reader.readString("'signature_name'");
    else if (key === 'parameters') {
      refuseRepeat(reader, key, parameters);
      parameters = readParameters(reader, 'the request');
    } else skipValue(reader, true);
  });
  reader.finish();
  const { instances, inputs } = offsets;
  const rest = { parameters: parameters ?? new Map() };
  if (instances !== undefined && inputs === undefined) return { form: 'rows', offset: instances, ...rest };
  if (inputs !== undefined && instances === undefined) return { form: 'columns', offset: inputs, ...rest };
  if (inputs === undefined && model.inputs.length === 0) return { form: 'columns', offset: reader.pos, ...rest };
  const fault = inputs === undefined ? 'Missing' : 'Not formatted correctly: only one may be given of';
  throw new AppError('INVALID_INPUT', `${fault} 'inputs' or 'instances' key`);
}

/** `inputs`: one tensor where the model has one input, else an object of tensors by name. */
function readColumns(reader: JsonReader, source: NestedSource): Map<string, Tensor> {
  const { model } = source;
  const only = findOnlyInput(model);
  if (only !== undefined && !isNamed(reader, model)) {
    return new Map([[only.name, readNestedTensor(reader, only, source)]]);
  }
  const inputs = new Map<string, Tensor>();
  if (reader.peek() === -1) return inputs;
  reader.readObject(
    `'inputs' of model '${model.name}', which has ${model.inputs.length === 0 ? 'no' : 'several'} inputs,`,
    (name) => {
      refuseRepeat(reader, name, inputs.get(name));
      inputs.set(name, readNestedTensor(reader, findInput(source, name), source));
    },
  );
  return inputs;
}

/** `instances`: values without the batch dimension where the model has one input, else objects of them by name. */
function readRows(reader: JsonReader, source: NestedSource): Map<string, Tensor> {
  const { model } = source;
  const only = findOnlyInput(model);
  if (model.inputs.length === 0) reader.fail("the model has no inputs, so there are no 'instances': send 'inputs': {}");
  if (reader.peek() !== ascii.openArray) reader.fail("'instances' must be an array");
  if (only !== undefined && !isNamed(reader, model)) {
    return new Map([[only.name, readNestedTensor(reader, only, source)]]);
  }
  const { inputs: required, defaultedInputs: defaulted = [] } = model;
  const columns = new Map<string, Buffer[]>([...required, ...defaulted].map(({ name }) => [name, []]));
  let rows = 0;
  reader.readArray("'instances'", () => {
    readInstance(reader, source, { columns, row: rows++ });
    for (const [name, items] of columns) {
      if (items.length === 0 && defaulted.some((input) => input.name === name)) continue;
      if (items.length !== rows)
        reader.fail(`instance ${String(rows - 1)} has no '${name}': each needs every input once`);
    }
  });
  const given = [...required, ...defaulted.filter(({ name }) => (columns.get(name) ?? []).length > 0)];
  return new Map(given.map((spec) => [spec.name, stack(columns.get(spec.name) ?? [], spec, source)]));
}

interface Instance {
  readonly columns: ReadonlyMap<string, Buffer[]>;
  readonly row: number;
}

function readInstance(reader: JsonReader, source: NestedSource, { columns, row }: Instance): void {
  reader.readObject(`an instance for model '${source.model.name}'`, (name) => {
    findInput(source, name);
    refuseRepeat(reader, name, columns.get(name)?.[row]);
    reader.peek();
    const start = reader.pos;
    skipValue(reader, true);
    columns.get(name)?.push(reader.bytes.subarray(start, reader.pos));
  });
}

/** The tensor that an array of the items is. */
function stack(items: readonly Buffer[], spec: TensorSpec, source: NestedSource): Tensor {
  const [open, comma, close] = ['[', ',', ']'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  const parts = items.flatMap((item, index) => (index === 0 ? [item] : [comma, item]));
  const reader = new JsonReader(Buffer.concat([open, ...parts, close]), `the instances of input '${spec.name}'`);
  return readNestedTensor(reader, spec, source);
}

function findOnlyInput({ inputs }: ModelSignature): TensorSpec | undefined {
  return inputs.length === 1 ? inputs[0] : undefined;
}

/** Whether an object stands at the cursor, or first in the array there, that gives inputs by name, not one text in base64; the cursor stays. */
function isNamed(reader: JsonReader, { inputs, defaultedInputs = [] }: ModelSignature): boolean {
  const start = reader.pos;
  if (reader.peek() === ascii.openArray) {
    reader.pos++;
    reader.peek();
  }
  let isName = false;
  if (reader.peek() === ascii.openObject) {
    reader.pos++;
    const key = reader.peek() === ascii.quote ? reader.readString('a key') : undefined;
    isName = key !== 'b64' || [...inputs, ...defaultedInputs].some(({ name }) => name === key);
  }
  reader.pos = start;
  return isName;
}
