import type { NumericData } from '../../tensor/datatype.js';
import { ascii } from './ascii.js';

export type IntegerData = Exclude<NumericData, Float32Array | Float64Array>;
type BigData = Extract<NumericData, BigInt64Array | BigUint64Array>;

/** Elements of one text at most. */
export const mostIntegers = 4096;

/** Bytes of the longest integer that a number holds exactly, -(2^53), and a comma. */
const longest = 18;

/** Filled from its end, digits last to first: their number need not be known. */
const scratch = Buffer.alloc(mostIntegers * longest);

/** Integers below this have nine digits at most, and are divided as 32-bit ones. */
const billion = 1e9;

/** Up to `mostIntegers` integers, exact, separated by commas. */
export function formatIntegers(data: IntegerData): string {
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
