import { AppError } from '../../errors.js';
import type { BytesElement, NumericTensor, Tensor } from '../../tensor/tensor.js';

/** How a tensor's elements are written, and what messages call it. */
export interface DataTextOptions {
  readonly label: string;
  /** Bare NaN and Infinity tokens, which are not JSON, instead of null. */
  readonly nonFiniteTokens: boolean;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A tensor's elements as a flat JSON array: integers exact, FP32 as the double it widens to, -0 kept. */
export function formatData(tensor: Tensor, options: DataTextOptions): string {
  if (tensor.datatype === 'BYTES') return formatTexts(tensor.data, options.label);
  const { data, datatype } = tensor;
  if (datatype === 'FP16' || datatype === 'BF16') {
    throw new AppError(
      'INVALID_INPUT',
      `sending ${datatype} data via JSON is not supported. Please use the binary data format for ${options.label}`,
    );
  }
  if (data instanceof Float32Array || data instanceof Float64Array) return formatFloats(data, options);
  if (datatype === 'BOOL') return formatBooleans(tensor);
  return `[${data.join(',')}]`;
}

function formatFloats(data: Float32Array | Float64Array, { nonFiniteTokens }: DataTextOptions): string {
  if (nonFiniteTokens ? data.every(isPlain) : !hasNegativeZero(data)) return JSON.stringify(toArray(data));
  return `[${toArray(data)
    .map((value) => formatFloat(value, nonFiniteTokens))
    .join(',')}]`;
}

const isPlain = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0);

function hasNegativeZero(data: Float32Array | Float64Array): boolean {
  for (const value of data) {
    if (value === 0 && 1 / value < 0) return true;
  }
  return false;
}

/** An array of doubles, which the engine writes much faster than a typed array. */
function toArray(data: Float32Array | Float64Array): number[] {
  const values: number[] = [];
  for (const value of data) values.push(value);
  return values;
}

function formatFloat(value: number, nonFiniteTokens: boolean): string {
  if (Object.is(value, -0)) return '-0';
  return nonFiniteTokens || Number.isFinite(value) ? String(value) : 'null';
}

function formatBooleans({ data }: NumericTensor): string {
  return `[${Array.from(data as Uint8Array, (value) => (value === 0 ? 'false' : 'true')).join(',')}]`;
}

function formatTexts(elements: readonly BytesElement[], label: string): string {
  return JSON.stringify(elements.map((element) => (typeof element === 'string' ? element : toText(element, label))));
}

function toText(bytes: Uint8Array, label: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new AppError(
      'INVALID_INPUT',
      `${label} holds bytes that are not valid UTF-8, which JSON cannot carry: ask for binary data instead`,
    );
  }
}
