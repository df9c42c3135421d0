import { AppError } from '../../errors.js';
import { datatypes, type Datatype, isDatatype } from '../../tensor/datatype.js';
import { countElements, formatShape, mostDimensions, type Shape } from '../../tensor/shape.js';
import { readDouble, readIntegral } from '../json/number.js';
import { type JsonReader, ascii } from '../json/reader.js';
import type { Tensor } from '../../tensor/tensor.js';
import { BinaryPart } from './binary-part.js';
import { skipValue } from '../json/nesting.js';
import { readTensorData, type TensorHeader } from '../json/tensor-data.js';
import type { InputCheck } from '../validate.js';
import { type Parameters, mostParameters, type ParameterValue } from '../types.js';
import { toSequenceId } from '../sequence.js';

/** Parameters that mean something here: a value of the wrong kind is refused, never skipped. */
const understood: ReadonlySet<string> = new Set([
  'binary_data',
  'binary_data_output',
  'binary_data_size',
  'classification',
  'non_finite_tokens',
  'priority',
  'sequence_end',
  'sequence_id',
  'sequence_start',
  'timeout',
]);

/**
 * Reads a `parameters` object: strings, numbers and booleans; null is left out. Lists and objects, such as the headers that some
 * servers take, are skipped unless `isStrict`. A repeated or foreign reserved name is refused, and so is more than `mostParameters`.
 */
export function readParameters(reader: JsonReader, owner: string, isStrict = false): Map<string, ParameterValue> {
  const parameters = new Map<string, ParameterValue>();
  reader.readObject(`parameters of ${owner}`, (name) => {
    if (reader.takeNull()) return;
    if (parameters.has(name)) reader.fail(`parameter '${name}' of ${owner} appears twice`);
    if (name.startsWith('triton_')) {
      reader.fail(`parameter '${name}' of ${owner}: names starting with 'triton_' are reserved`);
    }
    if (parameters.size === mostParameters) reader.fail(`${owner} has more than ${String(mostParameters)} parameters`);
    if (name === 'shared_memory_region') reader.fail(`${owner}: shared memory is not supported: send the data itself`);
    const byte = reader.peek();
    const isNested = byte === ascii.openArray || byte === ascii.openObject;
    if (isNested && !isStrict && !understood.has(name)) skipValue(reader);
    else if (name === 'sequence_id' && isNumber(byte)) parameters.set(name, toSequenceId(readIntegral(reader)));
    else parameters.set(name, readValue(reader, `parameter '${name}' of ${owner}`));
  });
  findBoolean(reader, parameters, 'non_finite_tokens');
  return parameters;
}

const isNumber = (byte: number): boolean => byte === ascii.minus || (byte >= ascii.zero && byte <= ascii.nine);

function readValue(reader: JsonReader, what: string): ParameterValue {
  const byte = reader.peek();
  if (byte === ascii.quote) return reader.readString(what);
  if (isNumber(byte)) {
    const value = readDouble(reader);
    return Number.isFinite(value) ? value : reader.fail(`${what} is too large`);
  }
  if (reader.take('true')) return true;
  if (reader.take('false')) return false;
  return reader.fail(`${what} must be a string, a number or a boolean`);
}

/** A parameter that must be an unsigned integer; undefined when absent. */
export function findUint(
  reader: JsonReader,
  parameters: ReadonlyMap<string, ParameterValue>,
  name: string,
): number | undefined {
  const value = parameters.get(name);
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return reader.fail(`parameter '${name}' must be an unsigned integer below 2^53, not ${JSON.stringify(value)},`);
}

/** A parameter that must be true or false; undefined when absent. */
export function findBoolean(
  reader: JsonReader,
  parameters: ReadonlyMap<string, ParameterValue>,
  name: string,
): boolean | undefined {
  const value = parameters.get(name);
  if (value === undefined || typeof value === 'boolean') return value;
  return reader.fail(`parameter '${name}' must be true or false, not ${JSON.stringify(value)},`);
}

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
