import { ascii, type JsonReader } from './reader.js';
import { scaleExactly } from './exact-scale.js';

const mostSafeDigits = 15;
/** Integers of more digits than this fit no datatype. */
const mostIntegerDigits = 20;

/** Where the digits of a number that is no plain integer, or a long one, are read again. */
const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Reads a number of up to 15 digits at the cursor, or undefined with the cursor unmoved: longer ones, fractions,
 * exponents, and what is no number, are left to `readIntegral`. -0 is 0.
 */
export function readPlainInteger(reader: JsonReader): number | undefined {
  const { bytes } = reader;
  let pos = reader.pos;
  let byte = bytes[pos] as number;
  const isNegative = byte === ascii.minus;
  if (isNegative) byte = bytes[++pos] as number;
  const first = pos;
  let value = 0;
  while (byte >= ascii.zero && byte <= ascii.nine) {
    value = value * 10 + (byte - ascii.zero);
    byte = bytes[++pos] as number;
  }
  const digits = pos - first;
  if (digits === 0 || digits > mostSafeDigits || (digits > 1 && bytes[first] === ascii.zero)) return undefined;
  if (byte === ascii.dot || (byte | 0x20) === ascii.lowerE) return undefined;
  reader.pos = pos;
  return isNegative ? 0 - value : value;
}

/**
 * Reads any JSON number whose value is an integer, exactly: `9007199254740993`, `1.0`, `12e2`. Answers the literal
 * instead where it is not one, or has more than 20 digits.
 */
export function readIntegral(reader: JsonReader): bigint | string {
  const start = reader.pos;
  readDouble(reader);
  const literal = reader.bytes.toString('latin1', start, reader.pos);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts.exec(literal) ?? [];
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  const kept = withoutLastZeros(digits);
  const power = digits.length - kept.length + Number(exponent) - fraction.length;
  if (kept === '') return 0n;
  if (power < 0 || kept.length + power > mostIntegerDigits) return literal;
  return BigInt(`${sign}${kept}${'0'.repeat(power)}`);
}

/** By a pattern, runs of zeros within a number would take the square of their length. */
function withoutLastZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === ascii.zero) end -= 1;
  return digits.slice(0, end);
}

const exactPowers = Array.from({ length: 23 }, (_, power) => Number(`1e${String(power)}`));
const nearFrom = -60;
const nearPowers = Float64Array.from({ length: 91 }, (_, at) => Number(`1e${String(at + nearFrom)}`));
/** From here on digits may have been rounded. */
const exactLimit = 2 ** 53;
const mostDigits = 30;
/** Bound on the relative error of a product of up to 30 digits and a power of ten, each step rounded once. */
const slack = 2 ** -46;

/** Reads one JSON number at the cursor as the nearest double; Infinity where the literal overflows. */
export function readDouble(reader: JsonReader): number {
  return readNumber(reader, false);
}

/**
 * Reads one JSON number. With `single` the answer is only near enough to round to the same FP32 value as the nearest
 * double: most literals then need no exact decimal arithmetic.
 */
export function readNumber(reader: JsonReader, single: boolean): number {
  const { bytes, pos: start } = reader;
  let pos = start;
  let byte = bytes[pos] as number;
  if (byte === ascii.minus) byte = bytes[++pos] as number;
  const first = pos;
  let digits = 0;
  while (byte >= ascii.zero && byte <= ascii.nine) {
    digits = digits * 10 + (byte - ascii.zero);
    byte = bytes[++pos] as number;
  }
  if (pos === first || (bytes[first] === ascii.zero && pos > first + 1)) reader.fail('expected a number');
  let exponent = 0;
  if (byte === ascii.dot) {
    const fraction = ++pos;
    byte = bytes[pos] as number;
    while (byte >= ascii.zero && byte <= ascii.nine) {
      digits = digits * 10 + (byte - ascii.zero);
      byte = bytes[++pos] as number;
    }
    exponent = fraction - pos;
    if (exponent === 0) reader.fail('a number has no digit after its point');
  }
  reader.pos = pos;
  if ((byte | 0x20) === ascii.lowerE) exponent += readExponent(reader);
  let size = pos - first > mostDigits ? -1 : scale(digits, exponent, single);
  if (size < 0) {
    size =
      scaleExactly(bytes, { from: first, to: pos, exponent }) ?? Number(bytes.toString('latin1', first, reader.pos));
  }
  return first === start ? size : -size;
}

/** digits * 10^exponent, or -1 where that cannot be rounded rightly in doubles (Clinger's fast path). */
function scale(digits: number, exponent: number, single: boolean): number {
  if (digits < exactLimit && exponent >= -22 && exponent <= 22) {
    if (exponent === 0) return digits;
    return exponent < 0 ? digits / (exactPowers[-exponent] as number) : digits * (exactPowers[exponent] as number);
  }
  const power = single ? nearPowers[exponent - nearFrom] : undefined;
  if (power === undefined) return -1;
  const near = digits * power;
  return Math.fround(near - near * slack) === Math.fround(near + near * slack) ? near : -1;
}

/** Reads `e`, a sign and digits; beyond any double's range the exact size no longer matters. */
function readExponent(reader: JsonReader): number {
  const { bytes } = reader;
  let byte = bytes[++reader.pos];
  const isNegative = byte === ascii.minus;
  if (isNegative || byte === ascii.plus) byte = bytes[++reader.pos];
  const first = reader.pos;
  let exponent = 0;
  while (byte !== undefined && byte >= ascii.zero && byte <= ascii.nine) {
    exponent = Math.min(exponent * 10 + (byte - ascii.zero), 100_000);
    byte = bytes[++reader.pos];
  }
  if (reader.pos === first) reader.fail('a number has no digit in its exponent');
  return isNegative ? -exponent : exponent;
}
