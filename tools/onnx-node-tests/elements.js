// Elements of a TensorProto as JavaScript values: numbers, integers of 64 bits as BigInt, texts.
import { fieldsOf, integersOf, lastOf, allOf } from './wire.js';

/** TensorProto.DataType: name, and how an element is read from raw bytes. */
const types = {
  1: { name: 'FP32', array: Float32Array },
  2: { name: 'UINT8', array: Uint8Array },
  3: { name: 'INT8', array: Int8Array },
  4: { name: 'UINT16', array: Uint16Array },
  5: { name: 'INT16', array: Int16Array },
  6: { name: 'INT32', array: Int32Array },
  7: { name: 'INT64', array: BigInt64Array },
  8: { name: 'BYTES' },
  9: { name: 'BOOL', array: Uint8Array },
  10: { name: 'FP16', array: Uint16Array, toNumber: halfToNumber },
  11: { name: 'FP64', array: Float64Array },
  12: { name: 'UINT32', array: Uint32Array },
  13: { name: 'UINT64', array: BigUint64Array },
  16: { name: 'BF16', array: Uint16Array, toNumber: bfloatToNumber },
  17: { name: 'FP8', array: Uint8Array, toNumber: (b) => miniFloat(b, { exponent: 4, mantissa: 3, finite: true }) },
  18: {
    name: 'FP8',
    array: Uint8Array,
    toNumber: (b) => miniFloat(b, { exponent: 4, mantissa: 3, bias: 8, uz: true }),
  },
  19: { name: 'FP8', array: Uint8Array, toNumber: (b) => miniFloat(b, { exponent: 5, mantissa: 2 }) },
  20: {
    name: 'FP8',
    array: Uint8Array,
    toNumber: (b) => miniFloat(b, { exponent: 5, mantissa: 2, bias: 16, uz: true }),
  },
  21: { name: 'UINT4', array: Uint8Array, packed: 4 },
  22: { name: 'INT4', array: Uint8Array, packed: 4, signed: true },
  23: {
    name: 'FP4',
    array: Uint8Array,
    packed: 4,
    toNumber: (b) => [0, 0.5, 1, 1.5, 2, 3, 4, 6][b & 7] * (b & 8 ? -1 : 1),
  },
  24: { name: 'FP8', array: Uint8Array, toNumber: (b) => (b === 255 ? NaN : 2 ** (b - 127)) },
  25: { name: 'UINT2', array: Uint8Array, packed: 2 },
  26: { name: 'INT2', array: Uint8Array, packed: 2, signed: true },
};

/** A TensorProto: name, datatype, shape, elements. Throws for complex numbers, which nothing here carries. */
export function readTensor(bytes) {
  const shape = integersOf(bytes, 1).map(Number);
  const [code] = integersOf(bytes, 2).map(Number);
  const type = types[code];
  if (type === undefined) throw new Error(`tensors of element type ${code} are not read`);
  const count = shape.reduce((product, dim) => product * dim, 1);
  const data =
    type.name === 'BYTES'
      ? allOf(bytes, 6).map((text) => Buffer.from(text).toString('utf8'))
      : numbers(bytes, type, count);
  if (data.length !== count) throw new Error(`${data.length} elements for the shape [${shape}]`);
  return { name: Buffer.from(lastOf(bytes, 8) ?? []).toString('utf8'), datatype: type.name, shape, data };
}

function numbers(bytes, type, count) {
  const raw = lastOf(bytes, 9);
  const stored = raw === undefined ? Array.from(typed(bytes, type)) : Array.from(view(raw, type.array));
  const bits = type.packed === undefined ? stored : unpack(stored, type, count);
  return type.toNumber === undefined ? bits : bits.map(type.toNumber);
}

function view(raw, array) {
  const copy = new Uint8Array(raw).slice();
  return new array(copy.buffer, 0, copy.length / array.BYTES_PER_ELEMENT);
}

/** Elements in the typed fields: float_data 4, int32_data 5, int64_data 7, double_data 10, uint64_data 11. */
function typed(bytes, type) {
  const floats = (number, array) =>
    [...fieldsOf(bytes)]
      .filter((field) => field.number === number)
      .flatMap((field) => Array.from(view(field.bytes, array)));
  if (type.name === 'FP32') return floats(4, Float32Array);
  if (type.name === 'FP64') return floats(10, Float64Array);
  if (type.name === 'INT64') return integersOf(bytes, 7);
  if (type.name === 'UINT64') return integersOf(bytes, 11).map((value) => BigInt.asUintN(64, value));
  if (type.name === 'UINT32') return integersOf(bytes, 11).map(Number);
  return integersOf(bytes, 5).map(Number);
}

function unpack(stored, { packed, signed }, count) {
  const mask = 2 ** packed - 1;
  const all = stored.flatMap((byte) => Array.from({ length: 8 / packed }, (_, at) => (byte >> (at * packed)) & mask));
  return all.slice(0, count).map((value) => (signed && value > mask >> 1 ? value - mask - 1 : value));
}

/** A half float's bits as a number (IEEE 754 binary16). */
export function halfToNumber(bits) {
  return miniFloat(bits, { exponent: 5, mantissa: 10 });
}

/** A BF16's bits as a number: the upper half of an FP32. */
export function bfloatToNumber(bits) {
  return miniFloat(bits, { exponent: 8, mantissa: 7 });
}

/** Bits of a small binary float. `finite`: no infinities (E4M3FN); `uz`: the negative zero is the only NaN (FNUZ). */
function miniFloat(bits, { exponent, mantissa, bias = 2 ** (exponent - 1) - 1, finite = false, uz = false }) {
  const sign = (bits >> (exponent + mantissa)) & 1 ? -1 : 1;
  const power = (bits >> mantissa) & (2 ** exponent - 1);
  const fraction = bits & (2 ** mantissa - 1);
  const isTop = power === 2 ** exponent - 1;
  if (uz && sign < 0 && power === 0 && fraction === 0) return NaN;
  if (finite && isTop && fraction === 2 ** mantissa - 1) return NaN;
  if (!uz && !finite && isTop) return fraction === 0 ? sign * Infinity : NaN;
  return (
    sign * (power === 0 ? fraction * 2 ** (1 - bias - mantissa) : (1 + fraction / 2 ** mantissa) * 2 ** (power - bias))
  );
}

/** The bits of a number that a half float (`exponent` 5) or a BF16 holds exactly. */
export function numberToBits(value, datatype) {
  if (datatype === 'BF16') return new Uint32Array(new Float32Array([value]).buffer)[0] >>> 16;
  const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size === Infinity) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | (size * 2 ** 24);
  const power = Math.floor(Math.log2(size));
  return sign | ((power + 15) << 10) | ((size / 2 ** power - 1) * 1024);
}
