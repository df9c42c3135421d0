import { AppError } from '../../errors.js';
import { datatypes, type Datatype, isDatatype } from '../../tensor/datatype.js';
import { countElements, formatShape, mostDimensions, type Shape } from '../../tensor/shape.js';
import { readDouble } from '../json/number.js';
import type { JsonReader } from '../json/reader.js';
import type { Tensor } from '../../tensor/tensor.js';
import { BinaryPart } from './binary-part.js';
import { findUint, readParameters } from './decode-parameters.js';
import { skipValue } from '../json/nesting.js';
import { readTensorData, type TensorHeader } from '../json/tensor-data.js';
import type { InputCheck } from '../tensor-check.js';
import type { Parameters } from '../types.js';

const mostElements = 2n ** 63n - 1n;

/** Reads a `shape`: whole numbers >= 0, of any size (`checkShape` bounds their product), and no more than a tensor has. */
function readShape(reader: JsonReader): number[] {
  const shape: number[] = [];
  reader.readArray("'shape'", () => {
    reader.peek();
    const dim = readDouble(reader);
    if (!Number.isInteger(dim) || dim < 0) reader.fail("every dimension of 'shape' must be an integer >= 0");
    if (shape.push(dim + 0) > mostDimensions) reader.fail(`'shape' has more than ${String(mostDimensions)} dimensions`);
  });
  return shape;
}

/** The number of elements of a shape, when it and its size in bytes are within what a server can address. */
export function checkShape(shape: Shape, tensor: { readonly label: string; readonly datatype: Datatype }): number {
  const { label, datatype } = tensor;
  const count = shape.every(Number.isSafeInteger) ? countElements(shape) : undefined;
  if (count !== undefined && Number.isSafeInteger(count * datatypes[datatype].bytes)) return count;
  const product = shape.reduce((product, dim) => product * BigInt(dim), 1n);
  const reason =
    product > mostElements
      ? `shape ${formatShape(shape)} causes total element count to exceed maximum size of ${String(mostElements)} for ${label}`
      : `byte size overflow for ${label}: shape ${formatShape(shape)} of ${datatype}`;
  throw new AppError('INVALID_INPUT', reason);
}

/** Where tensors are read from: the inputs of a request, or the outputs of an answer. */
export interface TensorSource {
  readonly role: 'input' | 'output';
  /** Undefined where the whole body is JSON. */
  readonly binary: BinaryPart | undefined;
  /** Looks at name, datatype and shape before any element is read. Throws. */
  readonly check?: InputCheck;
  /** FP16 and BF16 may come as numbers. */
  readonly hasHalfNumbers: boolean;
}

/** What was read of a tensor object so far. */
interface Fields {
  name?: string;
  shape?: readonly number[];
  datatype?: string;
  parameters?: Parameters;
  /** `data` that came after what says how to read it. */
  tensor?: Tensor;
  /** Offset of `data` that came before. */
  dataAt?: number;
}

const emptyPart = new BinaryPart(Buffer.alloc(0), '');

/** Reads one tensor object: `{name, shape, datatype, data | parameters.binary_data_size}`, keys in any order. */
export function readTensor(reader: JsonReader, source: TensorSource): readonly [name: string, tensor: Tensor] {
  const { role, binary } = source;
  const fields: Fields = {};
  reader.readObject('a tensor', (key) => readField(reader, { key, fields, source }));
  const { name, tensor, dataAt, parameters } = fields;
  if (name === undefined) return reader.fail(`an ${role} has no 'name'`);
  const size = parameters === undefined ? undefined : findUint(reader, parameters, 'binary_data_size');
  const hasData = tensor !== undefined || dataAt !== undefined;
  if (hasData === (size !== undefined)) failChoice(`${role} '${name}'`, hasData);
  if (tensor !== undefined) return [name, tensor];
  const header = checkHeader(reader, fields, source);
  if (size === undefined) return [name, readLateData(reader, dataAt ?? 0, header)];
  const { datatype, shape, count } = header;
  // Named one by one: V8 makes a new hidden class of each object that is spread and added to, and look-ups in it are slow.
  if (binary !== undefined || size === 0)
    return [name, (binary ?? emptyPart).take({ name, datatype, shape, count, size })];
  throw new AppError(
    'INVALID_INPUT',
    `${role} '${name}' has binary_data_size ${String(size)}, but without an Inference-Header-Content-Length header the whole body is JSON`,
  );
}

function readField(
  reader: JsonReader,
  { key, fields, source }: { readonly key: string; readonly fields: Fields; readonly source: TensorSource },
): void {
  if (reader.takeNull()) return;
  if (key === 'name') {
    refuseRepeat(reader, key, fields.name);
    fields.name = reader.readString("'name'");
  } else if (key === 'datatype') {
    refuseRepeat(reader, key, fields.datatype);
    fields.datatype = reader.readString("'datatype'");
  } else if (key === 'shape') {
    refuseRepeat(reader, key, fields.shape);
    fields.shape = readShape(reader);
  } else if (key === 'parameters') {
    refuseRepeat(reader, key, fields.parameters);
    fields.parameters = readParameters(reader, source.role);
  } else if (key === 'data') {
    refuseRepeat(reader, key, fields.tensor ?? fields.dataAt);
    readData(reader, fields, source);
  } else skipValue(reader);
}

/** Throws when a key that may stand once has been read before. */
export function refuseRepeat(reader: JsonReader, key: string, before: unknown): void {
  if (before !== undefined) reader.fail(`key '${key}' appears twice in one object`);
}

function readData(reader: JsonReader, fields: Fields, source: TensorSource): void {
  if (fields.name !== undefined && fields.shape !== undefined && fields.datatype !== undefined) {
    fields.tensor = readTensorData(reader, checkHeader(reader, fields, source));
    return;
  }
  fields.dataAt = reader.pos;
  skipValue(reader, true);
}

function readLateData(reader: JsonReader, dataAt: number, header: TensorHeader): Tensor {
  const end = reader.pos;
  reader.pos = dataAt;
  const tensor = readTensorData(reader, header);
  reader.pos = end;
  return tensor;
}

function checkHeader(reader: JsonReader, fields: Fields, source: TensorSource): TensorHeader {
  const { role, check, hasHalfNumbers } = source;
  const { name = '', shape, datatype } = fields;
  if (shape === undefined) return reader.fail(`${role} '${name}' has no 'shape'`);
  if (datatype === undefined) return reader.fail(`${role} '${name}' has no 'datatype'`);
  if (!isDatatype(datatype)) failDatatype(datatype, role, name);
  const label = `${role} '${name}'`;
  const count = checkShape(shape, { label, datatype });
  check?.({ name, datatype, shape });
  return { label, shape, datatype, count, hasHalfNumbers, hasBase64: false };
}

function failDatatype(datatype: string, role: string, name: string): never {
  const hint = isDatatype(datatype.toUpperCase())
    ? `, did you mean ${datatype.toUpperCase()}?`
    : `, expected one of ${Object.keys(datatypes).join(', ')}`;
  throw new AppError('INVALID_INPUT', `invalid datatype for ${role} ${name}: '${datatype.slice(0, 100)}'${hint}`);
}

function failChoice(label: string, hasBoth: boolean): never {
  const found = hasBoth ? "But set 'data' 'binary_data_size'" : 'But no field is set';
  throw new AppError(
    'INVALID_INPUT',
    `Input must set only one of the following fields: 'data', 'binary_data_size'. ${found} for ${label}`,
  );
}
