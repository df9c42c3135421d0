import { datatypes, findDatatypeByOnnx, type Datatype } from '../../tensor/datatype.js';
import type { HeaderValue } from '../config.js';
import type { WireField, WireReader } from './fields.js';
import type { OnnxValue } from '../structure.js';
import { readValueInfo, type TensorType, type ValueType } from './value-type.js';

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
  25: 'uint2',
  26: 'int2',
};

/** An element type (TensorProto.DataType) by its protocol name, else by its name in ONNX. */
export function elementName(element: number): string {
  return findDatatypeByOnnx(element) ?? otherElements[element] ?? `element type ${element}`;
}

/** The datatype of an element type that the runtime passes in and out as it is, or undefined. */
export function carriedDatatype(element: number): Datatype | undefined {
  const datatype = findDatatypeByOnnx(element);
  return datatype === undefined || datatypes[datatype].ort === null ? undefined : datatype;
}

/** A declared tensor as it is served, with the datatype given. */
export function toHeaderValue(name: string, datatype: Datatype, { dims }: Pick<TensorType, 'dims'>): HeaderValue {
  return {
    name,
    datatype,
    shape: (dims ?? []).map(({ size }) => size),
    dimNames: (dims ?? []).map((dim) => dim.name),
    ...(dims === undefined ? { unranked: true } : {}),
  };
}

/** ValueInfoProto as far as it says what dimensions a tensor has; nothing is refused. */
export function readDeclared(wire: WireReader, message: WireField): OnnxValue {
  const { name, type } = readValueInfo(wire, message);
  if (type.kind !== 'tensor' || type.dims === undefined) return { name };
  return { name, dims: type.dims.map(({ size }) => (size < 0 ? null : size)) };
}

/** `a sequence of FP32 tensors`, as messages show a type. */
export function describeType(type: ValueType): string {
  if (type.kind === 'other') return type.what;
  if (type.kind === 'tensor') return `a tensor of ${elementName(type.element)}`;
  if (type.kind === 'map') return `a map from ${elementName(type.key)} to ${describePlural(type.of)}`;
  if (type.kind === 'optional') return `${describeType(type.of)} that may be absent`;
  return `a sequence of ${describePlural(type.of)}`;
}

function describePlural(type: ValueType): string {
  if (type.kind === 'tensor') return `${elementName(type.element)} tensors`;
  if (type.kind === 'map') return 'maps';
  return type.kind === 'sequence' ? 'sequences' : 'values';
}
