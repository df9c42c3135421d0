import { AppError } from '../errors.js';
import type { Datatype } from '../tensor/datatype.js';
import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { checkShape } from './decode-shape.js';
import { measureNesting } from './json/nesting.js';
import { JsonReader } from './json/reader.js';
import { readTensorData } from './json/tensor-data.js';
import type { ModelSignature } from './signature.js';

/** Reads a tensor at the cursor: its shape from the nesting, its datatype from the model. */
export function readNestedTensor(reader: JsonReader, spec: TensorSpec, model: ModelSignature): Tensor {
  const { name } = spec;
  const label = `input '${name}'`;
  reader.peek();
  const start = reader.pos;
  const { shape, hasObjects } = measureNesting(reader, label);
  const end = reader.pos;
  const datatype: Datatype = hasObjects && model.imageInputs?.has(name) === true ? 'BYTES' : spec.datatype;
  const header = { label, datatype, shape, count: checkShape(shape, { label, datatype }) };
  const source = shape.length > 0 ? reader : wrapScalar(reader.bytes.subarray(start, end), label);
  if (source === reader) reader.pos = start;
  const tensor = readTensorData(source, { ...header, nullAsNaN: false, hasBase64: true });
  reader.pos = end;
  return tensor;
}

/** A scalar stands without brackets, which the reader of elements needs. */
function wrapScalar(bytes: Buffer, label: string): JsonReader {
  return new JsonReader(Buffer.from(`[${bytes.toString('utf8')}]`), `the value of ${label}`);
}

/** The declared input of a name, or a refusal. */
export function findInput(model: ModelSignature, name: string): TensorSpec {
  const spec = model.inputs.find((input) => input.name === name);
  if (spec !== undefined) return spec;
  throw new AppError('INVALID_INPUT', `unexpected inference input '${name}' for model '${model.name}'`);
}
