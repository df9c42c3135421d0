import type { NumericData } from '../../tensor/datatype.js';
import type { JsonText } from './json-text.js';

/** Elements that are written at once: the engine writes arrays of numbers fast, typed arrays slowly. */
const chunkSize = 4096;

/** Adds numbers separated by commas: integers exact, FP32 as the double it widens to, -0 kept; not finite as null or token. */
export function addNumbers(text: JsonText, data: NumericData, nonFiniteTokens: boolean): void {
  const values: number[] = [];
  for (let from = 0; from < data.length; from += chunkSize) {
    const chunk = data.subarray(from, from + chunkSize);
    if (from > 0) text.add(',');
    text.addAscii(formatChunk(chunk, values, nonFiniteTokens));
  }
}

function formatChunk(chunk: NumericData, values: number[], nonFiniteTokens: boolean): string {
  if (chunk instanceof BigInt64Array || chunk instanceof BigUint64Array) {
    return copySafe(chunk, values) ? stringify(values) : chunk.join(',');
  }
  if (copyPlain(chunk, values, nonFiniteTokens)) return stringify(values);
  return Array.from(chunk as Float64Array, (value) => formatFloat(value, nonFiniteTokens)).join(',');
}

const stringify = (values: readonly number[]): string => JSON.stringify(values).slice(1, -1);

type PlainData = Exclude<NumericData, BigInt64Array | BigUint64Array>;

/** Copies numbers; false where one is not written as wanted by JSON.stringify: -0, and what is to be a token. */
function copyPlain(chunk: PlainData, values: number[], nonFiniteTokens: boolean): boolean {
  values.length = Math.min(values.length, chunk.length);
  for (let i = 0; i < chunk.length; i++) {
    const value = chunk[i] as number;
    if (value === 0 ? 1 / value < 0 : nonFiniteTokens && !Number.isFinite(value)) return false;
    if (i < values.length) values[i] = value;
    else values.push(value);
  }
  return true;
}

/** Copies 64-bit integers; false where one is beyond what a number holds exactly. */
function copySafe(chunk: BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>, values: number[]): boolean {
  const halves = new Int32Array(chunk.buffer, chunk.byteOffset, chunk.length * 2);
  values.length = Math.min(values.length, chunk.length);
  for (let i = 0; i < chunk.length; i++) {
    const high = halves[2 * i + 1] as number;
    if (high >= 2 ** 21 || high < -(2 ** 21) || (high < 0 && chunk instanceof BigUint64Array)) return false;
    const value = high * 2 ** 32 + ((halves[2 * i] as number) >>> 0);
    if (i < values.length) values[i] = value;
    else values.push(value);
  }
  return true;
}

function formatFloat(value: number, nonFiniteTokens: boolean): string {
  if (Object.is(value, -0)) return '-0';
  return nonFiniteTokens || Number.isFinite(value) ? String(value) : 'null';
}
