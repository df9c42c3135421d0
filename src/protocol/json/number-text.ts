import type { NumericData } from '../../tensor/datatype.js';
import { formatIntegers, mostIntegers } from './integer-text.js';
import type { JsonText } from './json-text.js';

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
