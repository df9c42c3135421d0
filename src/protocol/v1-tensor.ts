import type { Datatype } from '../tensor/datatype.js';
import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { checkShape } from './decode-shape.js';
import { measureNesting } from './json/nesting.js';
import { JsonReader } from './json/reader.js';
import { readTensorData } from './json/tensor-data.js';
import { allInputs, createFinder, type ModelSignature } from './signature.js';
import { createInputCheck, failUnknown, type InputCheck } from './tensor-check.js';

/** What nested tensors are read for. */
export interface NestedSource {
  readonly model: ModelSignature;
  readonly find: (name: string) => TensorSpec | undefined;
  readonly check: InputCheck;
}

/** A source made once a request. */
export function createNestedSource(model: ModelSignature): NestedSource {
  return { model, find: createFinder(allInputs(model)), check: createInputCheck(model) };
}

/** Reads a tensor at the cursor: its shape from the nesting, its datatype from the model. Checked before any element is made. */
export function readNestedTensor(reader: JsonReader, spec: TensorSpec, { model, check }: NestedSource): Tensor {
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
export function findInput({ model, find }: NestedSource, name: string): TensorSpec {
  return find(name) ?? failUnknown(name, model);
}
