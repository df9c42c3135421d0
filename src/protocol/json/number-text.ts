import type { NumericData } from '../../tensor/datatype.js';
import { ascii } from './reader.js';
import type { JsonText } from './json-text.js';

/** Arrays of integers. */
export type IntegerData = Exclude<NumericData, Float32Array | Float64Array>;
type BigData = Extract<NumericData, BigInt64Array | BigUint64Array>;

/** Elements of one text at most. */
const mostIntegers = 4096;

/** Bytes of the longest integer that a number holds exactly, -(2^53), and a comma. */
const longest = 18;

/** Filled from its end, digits last to first: their number need not be known. */
const scratch = Buffer.alloc(mostIntegers * longest);

/** Integers below this have nine digits at most, and are divided as 32-bit ones. */
const billion = 1e9;

/** Up to `mostIntegers` integers, exact, separated by commas. */
function formatIntegers(data: IntegerData): string {
  if (data.length === 0) return '';
  const pos = data instanceof BigInt64Array || data instanceof BigUint64Array ? writeBig(data) : writeSmall(data);
  return pos === undefined ? data.join(',') : scratch.toString('latin1', pos + 1);
}

/** Answers where the text begins: at a comma before the first integer. */
function writeSmall(data: Exclude<IntegerData, BigData>): number {
  let pos = scratch.length;
  for (let i = data.length - 1; i >= 0; i--) {
    const value = data[i] as number;
    pos = value < billion && value > -billion ? writeShort(value, pos) : writeLong(value, pos);
    scratch[--pos] = ascii.comma;
  }
  return pos;
}

/** The same from the halves of each integer, no BigInt is made; undefined where a number does not hold one exactly. */
function writeBig(data: BigData): number | undefined {
  const isSigned = data instanceof BigInt64Array;
  const halves = new Int32Array(data.buffer, data.byteOffset, data.length * 2);
  let pos = scratch.length;
  for (let i = data.length - 1; i >= 0; i--) {
    const low = halves[2 * i] as number;
    const high = halves[2 * i + 1] as number;
    if (high === 0 && low >= 0 && low < billion) pos = writeShort(low, pos);
    else if (high < 2 ** 21 && high >= (isSigned ? -(2 ** 21) : 0)) pos = writeLong(high * 2 ** 32 + (low >>> 0), pos);
    else return undefined;
    scratch[--pos] = ascii.comma;
  }
  return pos;
}

/** Writes an integer of up to nine digits before `pos`; answers where it begins. */
function writeShort(value: number, pos: number): number {
  let left = value < 0 ? -value : value;
  do {
    const rest = (left / 10) | 0;
    scratch[--pos] = ascii.zero + left - rest * 10;
    left = rest;
  } while (left > 0);
  if (value < 0) scratch[--pos] = ascii.minus;
  return pos;
}

/** The same for any integer that a number holds exactly: the last nine digits, then up to seven. */
function writeLong(value: number, pos: number): number {
  const size = Math.abs(value);
  const low = size % billion;
  const high = (size - low) / billion;
  const end = pos - 9;
  pos = writeShort(low, pos);
  if (high > 0) {
    while (pos > end) scratch[--pos] = ascii.zero;
    pos = writeShort(high, pos);
  }
  if (value < 0) scratch[--pos] = ascii.minus;
  return pos;
}

type FloatData = Extract<NumericData, Float32Array | Float64Array>;

/** Adds numbers separated by commas: integers exact, FP32 as the double it widens to, -0 kept; not finite as null or token. */
export function addNumbers(text: JsonText, data: NumericData, nonFiniteTokens: boolean): void {
  const values: number[] = [];
  for (let from = 0; from < data.length; from += mostIntegers) {
    const chunk = data.subarray(from, from + mostIntegers);
    const isFloat = chunk instanceof Float32Array || chunk instanceof Float64Array;
    if (from > 0) text.add(',');
    text.addAscii(isFloat ? formatFloats(chunk, values, nonFiniteTokens) : formatIntegers(chunk));
  }
}

/** The engine writes arrays of numbers fast, typed arrays slowly. */
function formatFloats(chunk: FloatData, values: number[], nonFiniteTokens: boolean): string {
  if (copyPlain(chunk, values, nonFiniteTokens)) return JSON.stringify(values).slice(1, -1);
  return Array.from(chunk, (value) => formatFloat(value, nonFiniteTokens)).join(',');
}

/** Copies numbers; false where one is not written as wanted by JSON.stringify: -0, and what is to be a token. */
function copyPlain(chunk: FloatData, values: number[], nonFiniteTokens: boolean): boolean {
  values.length = Math.min(values.length, chunk.length);
  for (let i = 0; i < chunk.length; i++) {
    const value = chunk[i] as number;
    if (value === 0 ? 1 / value < 0 : nonFiniteTokens && !Number.isFinite(value)) return false;
    if (i < values.length) values[i] = value;
    else values.push(value);
  }
  return true;
}

/** One float as JSON. Many parsers read `-0` as the integer 0, which has no sign; all read `-0.0` as the float that it is. */
export function formatFloat(value: number, nonFiniteTokens: boolean): string {
  if (Object.is(value, -0)) return '-0.0';
  return nonFiniteTokens || Number.isFinite(value) ? String(value) : 'null';
}
