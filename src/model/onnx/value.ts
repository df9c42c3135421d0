import { AppError } from '../../errors.js';
import { datatypes, findDatatypeByOnnx, type Datatype } from '../../tensor/datatype.js';
import type { HeaderValue } from '../config.js';
import type { WireField, WireReader } from './fields.js';
import type { OnnxValue } from './structure.js';

type Role = 'input' | 'output';

/** TypeProto's kinds of value besides the tensor (1), by field number. */
const otherKinds: Readonly<Record<number, string>> = {
  4: 'a sequence',
  5: 'a map',
  7: 'an opaque value',
  8: 'a sparse tensor',
  9: 'an optional value',
};

/** TensorProto.DataType's names of the element types that the protocol has no name for. */
const otherElements: Readonly<Record<number, string>> = {
  0: 'undefined',
  14: 'complex64',
  15: 'complex128',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
  24: 'float8e8m0',
};

/** ValueInfoProto (name 1, type 2) as an input or output. Throws MODEL_INVALID for what no request could carry. */
export function readValue(wire: WireReader, message: WireField, role: Role): HeaderValue {
  let name = '';
  let type: WireField | undefined;
  for (const field of wire.fields(message.start, message.end)) {
    if (field.number === 1) name = wire.text(field);
    else if (field.number === 2) type = field;
  }
  const tensor = type === undefined ? undefined : findTensorType(wire, type, `${role} '${name}'`);
  if (tensor === undefined)
    throw unservable(`${role} '${name}' has no type`, 'Export the model with typed inputs and outputs');
  return { name, ...readTensorType(wire, tensor, `${role} '${name}'`) };
}

function findTensorType(wire: WireReader, type: WireField, subject: string): WireField | undefined {
  for (const field of wire.fields(type.start, type.end)) {
    if (field.number === 1) return field;
    const kind = otherKinds[field.number];
    if (kind === undefined) continue;
    throw unservable(
      `${subject} is ${kind}, and only tensors can be served`,
      'Export the model with tensors (for scikit-learn classifiers: `options={"zipmap": False}`)',
    );
  }
  return undefined;
}

/** TypeProto.Tensor: elem_type 1, shape 2 (TensorShapeProto: dim 1). */
function readTensorType(wire: WireReader, tensor: WireField, subject: string): Omit<HeaderValue, 'name'> {
  let elementType = 0;
  let dims: readonly Dim[] | undefined;
  for (const field of wire.fields(tensor.start, tensor.end)) {
    if (field.number === 1) elementType = field.value;
    else if (field.number === 2) dims = readDims(wire, field);
  }
  if (dims === undefined && subject.startsWith('input')) {
    throw unservable(
      `${subject} declares no shape, not even its number of dimensions`,
      'Export the model with a shape for it; variable dimensions may stay open',
    );
  }
  return {
    datatype: datatypeOf(elementType, subject),
    shape: (dims ?? []).map(({ size }) => size),
    dimNames: (dims ?? []).map(({ name }) => name),
    ...(dims === undefined ? { unranked: true } : {}),
  };
}

/** ValueInfoProto as far as it says what dimensions a tensor has; nothing is refused. */
export function readDeclared(wire: WireReader, message: WireField): OnnxValue {
  let name = '';
  let dims: OnnxValue['dims'];
  for (const field of wire.fields(message.start, message.end)) {
    if (field.number === 1) name = wire.text(field);
    if (field.number !== 2) continue;
    for (const type of wire.fields(field.start, field.end)) {
      if (type.number !== 1) continue;
      for (const shape of wire.fields(type.start, type.end)) {
        if (shape.number === 2) dims = readDims(wire, shape).map(({ size }) => (size < 0 ? null : size));
      }
    }
  }
  return { name, ...(dims === undefined ? {} : { dims }) };
}

interface Dim {
  readonly size: number;
  readonly name: string;
}

/** TensorShapeProto.Dimension: dim_value 1, dim_param 2; neither or a negative value is variable. */
function readDims(wire: WireReader, shape: WireField): readonly Dim[] {
  const dims: Dim[] = [];
  for (const dim of wire.fields(shape.start, shape.end)) {
    if (dim.number !== 1) continue;
    let [size, name] = [-1, ''];
    for (const field of wire.fields(dim.start, dim.end)) {
      if (field.number === 1) size = Math.max(-1, field.value);
      else if (field.number === 2) name = wire.text(field);
    }
    dims.push({ size, name });
  }
  return dims;
}

function datatypeOf(elementType: number, subject: string): Datatype {
  const datatype = findDatatypeByOnnx(elementType);
  if (datatype !== undefined && datatypes[datatype].ort !== null) return datatype;
  const name = datatype ?? otherElements[elementType] ?? `element type ${elementType}`;
  throw unservable(
    `${subject} has the element type ${name}, which the runtime cannot pass in or out`,
    'Cast it to FP32 (or FP16) inside the model',
  );
}

function unservable(reason: string, advice: string): AppError {
  return new AppError('MODEL_INVALID', `The model cannot be served: ${reason}. ${advice}.`);
}
