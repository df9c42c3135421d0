import type { NumericData } from './datatype.js';
import type { NumericTensor } from './tensor.js';

const bits = new DataView(new ArrayBuffer(8));

/** The bits of the nearest IEEE 754 binary16 number, ties to even; beyond 65504 infinity. */
export function toHalfBits(value: number): number {
  return round(value, { exponentBits: 5, fractionBits: 10 });
}

/** The bits of the nearest bfloat16 number (the upper half of an FP32), ties to even; beyond its range infinity. */
export function toBrainBits(value: number): number {
  return round(value, { exponentBits: 8, fractionBits: 7 });
}

/** Rounds straight from the double: going by FP32 would round twice. */
function round(value: number, format: { readonly exponentBits: number; readonly fractionBits: number }): number {
  const { exponentBits, fractionBits } = format;
  const bias = 2 ** (exponentBits - 1) - 1;
  const infinity = (2 ** exponentBits - 1) << fractionBits;
  if (Number.isNaN(value)) return infinity | (1 << (fractionBits - 1));
  bits.setFloat64(0, value);
  const sign = (bits.getUint8(0) & 0x80) << 8;
  const size = Math.abs(value);
  if (size >= 2 ** (bias + 1)) return sign | infinity;
  // Below the least normal number all are multiples of one step, above of 2^(exponent - fractionBits).
  const exponent = size === 0 ? 1 - bias : Math.max(1 - bias, ((bits.getUint16(0) >> 4) & 0x7ff) - 1023);
  const steps = roundToEven(size / 2 ** (exponent - fractionBits));
  return sign | (steps + ((exponent + bias - 1) << fractionBits));
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** The number that a binary16 pattern stands for. */
export function fromHalfBits(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 31;
  const fraction = pattern & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** Values of every binary16 pattern, made when first needed. */
let halfValues: Float32Array<ArrayBuffer> | undefined;

/** The numbers that a tensor's elements stand for: FP16 and BF16 patterns as FP32, which holds each exactly; all others as they are. */
export function numbersOf({ datatype, data }: NumericTensor): NumericData {
  if (datatype === 'FP16') {
    const values = (halfValues ??= Float32Array.from({ length: 0x10000 }, (_, pattern) => fromHalfBits(pattern)));
    return Float32Array.from(data as Uint16Array, (pattern) => values[pattern] as number);
  }
  if (datatype !== 'BF16') return data;
  return new Float32Array(Uint32Array.from(data as Uint16Array, (pattern) => pattern * 0x10000).buffer);
}
