import { AppError } from '../errors.js';
import { datatypes, type Datatype, type NumericData, type NumericDatatype } from '../tensor/datatype.js';
import { countElements, formatShape, type Shape } from '../tensor/shape.js';
import type { BytesElement, BytesTensor, NumericTensor, Tensor } from '../tensor/tensor.js';

const ofArray: readonly (readonly [new (length: number) => NumericData, NumericDatatype])[] = [
  [Float32Array, 'FP32'],
  [Float64Array, 'FP64'],
  [Int8Array, 'INT8'],
  [Int16Array, 'INT16'],
  [Int32Array, 'INT32'],
  [BigInt64Array, 'INT64'],
  [Uint8Array, 'UINT8'],
  [Uint16Array, 'UINT16'],
  [Uint32Array, 'UINT32'],
  [BigUint64Array, 'UINT64'],
];

/**
 * A tensor on the memory of a typed array, or of texts and byte strings; nothing is copied. The datatype follows from
 * the array (Float32Array is FP32) unless given: BOOL on a Uint8Array, FP16 and BF16 bit patterns on a Uint16Array.
 * Without a shape it has one dimension. Throws INVALID_INPUT where data and shape disagree.
 */
export function tensor(data: readonly BytesElement[], shape?: Shape): BytesTensor;
export function tensor(data: NumericData, shape?: Shape, datatype?: NumericDatatype): NumericTensor;
export function tensor(data: NumericData | readonly BytesElement[], shape?: Shape, datatype?: NumericDatatype): Tensor {
  const dims = shape ?? [data.length];
  if (countElements(dims) !== data.length) {
    const text = `The shape ${formatShape(dims)} holds ${countElements(dims) ?? 'too many'} elements, but the data has ${data.length}.`;
    throw new AppError('INVALID_INPUT', text, { details: { shape: dims, length: data.length } });
  }
  if (!ArrayBuffer.isView(data)) return { datatype: 'BYTES', shape: dims, data };
  const own: Datatype | undefined = ofArray.find(([array]) => data instanceof array)?.[1];
  const type = datatype ?? own;
  if (type === undefined || !(data instanceof (datatypes[type].array ?? Uint8Array))) {
    throw new AppError('INVALID_INPUT', `${type ?? 'This datatype'} cannot be made from a ${data.constructor.name}.`);
  }
  return { datatype: type, shape: dims, data };
}
