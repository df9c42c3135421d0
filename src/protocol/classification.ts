import { AppError } from '../errors.js';
import { findClassLayout } from '../tensor/class-axis.js';
import { datatypes, type NumericData } from '../tensor/datatype.js';
import { numbersOf } from '../tensor/half.js';
import { countElements, formatShape } from '../tensor/shape.js';
import type { BytesTensor, NumericTensor, Tensor } from '../tensor/tensor.js';

/** Most elements that one row may have (extension "classification"). */
const mostElements = 1_000_000;

/** Classes of one output: each becomes a text of its own. */
const mostClasses = 65_536;

/** Which output becomes classes, and how many. */
export interface ClassificationOptions {
  readonly name: string;
  /** Classes a row, > 0. */
  readonly classes: number;
  readonly labels: readonly string[];
  /** The first dimension counts rows. */
  readonly isBatched: boolean;
}

/**
 * The highest elements of each row as texts `value:index[:label]`, ties by lower index, as a BYTES tensor. Without a batch dimension the
 * first one counts rows where the classes can be told from them, else the whole output is one row. Labels belong to a lone class axis.
 */
export function classify(tensor: Tensor, options: ClassificationOptions): BytesTensor {
  const { name, isBatched } = options;
  if (tensor.datatype === 'BYTES' || tensor.datatype === 'BOOL') {
    return fail(`class result not available for output '${name}' due to unsupported type '${tensor.datatype}'`);
  }
  const { shape } = tensor;
  const layout = findClassLayout(shape, { isBatched, labels: options.labels.length });
  const rows = isBatched ? (shape[0] ?? 1) : (layout?.rows ?? 1);
  const size = layout?.classes ?? countElements(isBatched ? shape.slice(1) : shape) ?? Infinity;
  if (size > mostElements) {
    fail(
      `output '${name}' of shape ${formatShape(shape)} has more than ${String(mostElements)} elements a row to classify`,
    );
  }
  const classes = Math.min(options.classes, size);
  if (rows * classes > mostClasses) {
    fail(
      `output '${name}' of shape ${formatShape(shape)} would be ${String(rows * classes)} classes, of which an answer holds ${String(mostClasses)}: ask for fewer, or for the output itself`,
    );
  }
  const labels = layout === undefined ? [] : options.labels;
  const numbers = numbersOf(tensor);
  const data: string[] = [];
  for (let row = 0; row < rows; row++) {
    for (const index of topIndices(numbers, { from: row * size, size, count: classes })) {
      const label = labels[index];
      const value = formatValue(tensor, numbers[row * size + index] as number | bigint);
      data.push(`${value}:${String(index)}${label === undefined ? '' : `:${label}`}`);
    }
  }
  return { datatype: 'BYTES', shape: isBatched || rows > 1 ? [rows, classes] : [classes], data };
}

/** Up to this many, keeping a short list beats sorting a whole row. */
const shortList = 32;

/** The elements of one row. */
export interface RowRange {
  readonly from: number;
  readonly size: number;
  /** How many are wanted, at most `size`. */
  readonly count: number;
}

/** Indices in a row of its highest elements, highest first, ties by lower index; NaN is lower than all. Integers are compared exactly. */
export function topIndices(data: NumericData | readonly number[], { from, size, count }: RowRange): readonly number[] {
  if (count > shortList) return longTop(keysOf(data, { from, size }), count);
  const keyAt = (index: number): number | bigint => keyOf(data[from + index] as number | bigint);
  const isHigher = (a: number, b: number): boolean => keyAt(a) > keyAt(b);
  const top: number[] = [];
  for (let index = 0; index < size; index++) {
    if (top.length === count && !isHigher(index, top.at(-1) as number)) continue;
    let at = top.length === count ? count - 1 : top.length;
    for (; at > 0 && isHigher(index, top[at - 1] as number); at--) top[at] = top[at - 1] as number;
    top[at] = index;
  }
  return top;
}

/** NaN is lower than all. */
const keyOf = (value: number | bigint): number | bigint => (Number.isNaN(value) ? -Infinity : value);

type Keys = Float64Array | BigInt64Array | BigUint64Array;

function keysOf(data: NumericData | readonly number[], { from, size }: Omit<RowRange, 'count'>): Keys {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return data.slice(from, from + size);
  return Float64Array.from({ length: size }, (_, index) => Number(keyOf(data[from + index] as number)));
}

/** The same of many: all keys are sorted as the numbers that they are, and only the indices of the highest by what stands there. */
function longTop(keys: Keys, count: number): readonly number[] {
  const least = keys.slice().sort()[keys.length - count] as number | bigint;
  const higher: number[] = [];
  const ties: number[] = [];
  for (const [index, key] of keys.entries()) {
    if (key > least) higher.push(index);
    else if (key === least && ties.length < count) ties.push(index);
  }
  const keyAt = (index: number): number | bigint => keys[index] as number | bigint;
  higher.sort((a, b) => (keyAt(a) > keyAt(b) ? -1 : keyAt(a) < keyAt(b) ? 1 : a - b));
  return [...higher, ...ties.slice(0, count - higher.length)];
}

/** Floats with six decimals, as Triton writes them. */
function formatValue({ datatype }: NumericTensor, value: number | bigint): string {
  const { kind } = datatypes[datatype];
  if (typeof value === 'bigint' || (kind !== 'float' && kind !== 'half')) return String(value);
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${String(BigInt(value))}.000000`;
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
