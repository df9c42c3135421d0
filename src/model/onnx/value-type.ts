import type { WireField, WireReader } from './fields.js';

/** A dimension as it is declared: -1 where any size fits, with its name or ''. */
export interface Dim {
  readonly size: number;
  readonly name: string;
}

/** A tensor without `dims` may have any shape. */
export interface TensorType {
  readonly kind: 'tensor';
  readonly element: number;
  readonly dims?: readonly Dim[];
}

/** TypeProto: what an input, an output or an attribute is declared to hold. `element` and `key` are TensorProto.DataType. */
export type ValueType =
  | TensorType
  | { readonly kind: 'sequence'; readonly of: ValueType }
  | { readonly kind: 'optional'; readonly of: ValueType }
  | { readonly kind: 'map'; readonly key: number; readonly of: ValueType }
  | { readonly kind: 'other'; readonly what: string };

/** A declared input or output (ValueInfoProto). */
export interface DeclaredValue {
  readonly name: string;
  readonly type: ValueType;
}

/** Fields of TypeProto. */
const fieldOf = { tensor: 1, sequence: 4, map: 5, opaque: 7, sparse: 8, optional: 9 } as const;

/** Of a value about which a file says only its name. */
export const untyped: ValueType = { kind: 'other', what: 'a value without a type' };

/** ValueInfoProto: name 1, type 2. */
export function readValueInfo(wire: WireReader, message: WireField): DeclaredValue {
  let name = '';
  let type = untyped;
  for (const field of wire.fields(message.start, message.end)) {
    if (field.number === 1) name = wire.text(field);
    else if (field.number === 2) type = readType(wire, field);
  }
  return { name, type };
}

function readType(wire: WireReader, message: WireField): ValueType {
  for (const field of wire.fields(message.start, message.end)) {
    if (field.number === fieldOf.tensor) return readTensorType(wire, field);
    if (field.number === fieldOf.sequence) return { kind: 'sequence', of: readElementType(wire, field) };
    if (field.number === fieldOf.optional) return { kind: 'optional', of: readElementType(wire, field) };
    if (field.number === fieldOf.map) return readMapType(wire, field);
    if (field.number === fieldOf.opaque) return { kind: 'other', what: 'an opaque value' };
    if (field.number === fieldOf.sparse) return { kind: 'other', what: 'a sparse tensor' };
  }
  return { kind: 'other', what: 'a value without a type' };
}

/** TypeProto.Sequence and TypeProto.Optional: elem_type 1. */
function readElementType(wire: WireReader, message: WireField): ValueType {
  for (const field of wire.fields(message.start, message.end)) if (field.number === 1) return readType(wire, field);
  return { kind: 'other', what: 'a value without a type' };
}

/** TypeProto.Map: key_type 1, value_type 2. */
function readMapType(wire: WireReader, message: WireField): ValueType {
  let key = 0;
  let of: ValueType = { kind: 'other', what: 'a value without a type' };
  for (const field of wire.fields(message.start, message.end)) {
    if (field.number === 1) key = field.value;
    else if (field.number === 2) of = readType(wire, field);
  }
  return { kind: 'map', key, of };
}

/** TypeProto.Tensor: elem_type 1, shape 2 (TensorShapeProto: dim 1). */
function readTensorType(wire: WireReader, message: WireField): ValueType {
  let element = 0;
  let dims: readonly Dim[] | undefined;
  for (const field of wire.fields(message.start, message.end)) {
    if (field.number === 1) element = field.value;
    else if (field.number === 2) dims = readDims(wire, field);
  }
  return { kind: 'tensor', element, ...(dims === undefined ? {} : { dims }) };
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
