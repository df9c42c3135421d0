import { numbersOf } from './half.js';
import { isSameShape } from './shape.js';
import type { NumericTensor, Tensor } from './tensor.js';

/** Differences that other kernels for other sizes may cause, relative to the largest value. */
const tolerance = { FP16: 1e-2, BF16: 5e-2, FP32: 1e-3, FP64: 1e-6 } as const;

/**
 * Whether two tensors have one datatype, one shape and the same elements: floats up to a tolerance that fits the datatype, all
 * others exactly. NaN equals NaN.
 */
export function isClose(left: Tensor, right: Tensor): boolean {
  if (left.datatype !== right.datatype || !isSameShape(left.shape, right.shape)) return false;
  if (left.datatype === 'BYTES' || right.datatype === 'BYTES') return isSameBytes(left, right);
  if (!(left.datatype in tolerance)) return left.data.every((value, index) => value === right.data[index]);
  const [a, b] = [toNumbers(left), toNumbers(right)];
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const most = tolerance[left.datatype as keyof typeof tolerance] * (Number.isFinite(largest) ? largest : 1);
  return a.every((value, index) => Object.is(value, b[index]) || Math.abs(value - (b[index] ?? NaN)) <= most);
}

function isSameBytes(left: Tensor, right: Tensor): boolean {
  const bytes = (tensor: Tensor) =>
    tensor.datatype === 'BYTES' ? tensor.data.map((item) => Buffer.from(item as string).toString('latin1')) : [];
  return bytes(left).join('\0') === bytes(right).join('\0');
}

function toNumbers(tensor: NumericTensor): readonly number[] {
  return Array.from(numbersOf(tensor) as Float32Array, Number);
}
