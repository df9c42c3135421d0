import { ascii } from './ascii.js';
import { readDouble } from './number.js';
import type { JsonReader } from './reader.js';

const mostSafeDigits = 15;
/** Integers of more digits than this fit no datatype. */
const mostDigits = 20;

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
  const kept = digits.replace(/0+$/, '');
  const power = digits.length - kept.length + Number(exponent) - fraction.length;
  if (kept === '') return 0n;
  if (power < 0 || kept.length + power > mostDigits) return literal;
  return BigInt(`${sign}${kept}${'0'.repeat(power)}`);
}
