import { AppError } from '../errors.js';
import { datatypes } from '../tensor/datatype.js';
import { countElements, formatShape } from '../tensor/shape.js';
import type { BytesTensor, NumericTensor, Tensor } from '../tensor/tensor.js';

/** Most elements that one row may have (extension "classification"). */
const mostElements = 1_000_000;

export interface ClassificationOptions {
  readonly name: string;
  /** Classes a row, > 0. */
  readonly classes: number;
  readonly labels: readonly string[];
  /** The first dimension counts rows. */
  readonly isBatched: boolean;
}

/** The highest elements of each row as texts `value:index[:label]`, ties by lower index, as a BYTES tensor. */
export function classify(tensor: Tensor, options: ClassificationOptions): BytesTensor {
  const { name, isBatched } = options;
  const { kind } = datatypes[tensor.datatype];
  if (tensor.datatype === 'BYTES' || kind === 'half' || kind === 'bool') {
    return fail(`class result not available for output '${name}' due to unsupported type '${tensor.datatype}'`);
  }
  const { shape } = tensor;
  const rows = isBatched ? (shape[0] ?? 1) : 1;
  const size = countElements(isBatched ? shape.slice(1) : shape) ?? Infinity;
  if (size > mostElements) {
    fail(
      `output '${name}' of shape ${formatShape(shape)} has more than ${String(mostElements)} elements a row to classify`,
    );
  }
  const classes = Math.min(options.classes, size);
  const data: string[] = [];
  for (let row = 0; row < rows; row++) {
    for (const index of topIndices(tensor, { from: row * size, size, classes })) {
      const label = options.labels[index];
      const value = formatValue(tensor, row * size + index);
      data.push(`${value}:${String(index)}${label === undefined ? '' : `:${label}`}`);
    }
  }
  return { datatype: 'BYTES', shape: isBatched ? [rows, classes] : [classes], data };
}

/** Up to this many classes, keeping a short list beats sorting a whole row. */
const shortList = 32;

interface RowRange {
  readonly from: number;
  readonly size: number;
  readonly classes: number;
}

/** Indices in a row of its highest elements, highest first. */
function topIndices({ data }: NumericTensor, { from, size, classes }: RowRange): readonly number[] {
  const keyAt = (index: number): number | bigint => {
    const value = data[from + index] as number | bigint;
    return Number.isNaN(value) ? -Infinity : value;
  };
  const isHigher = (a: number, b: number): boolean => keyAt(a) > keyAt(b);
  if (classes > shortList) {
    const all = Array.from({ length: size }, (_, index) => index);
    return all.sort((a, b) => (isHigher(a, b) ? -1 : isHigher(b, a) ? 1 : a - b)).slice(0, classes);
  }
  const top: number[] = [];
  for (let index = 0; index < size; index++) {
    if (top.length === classes && !isHigher(index, top.at(-1) as number)) continue;
    let at = top.length === classes ? classes - 1 : top.length;
    for (; at > 0 && isHigher(index, top[at - 1] as number); at--) top[at] = top[at - 1] as number;
    top[at] = index;
  }
  return top;
}

/** Floats with six decimals, as Triton writes them. */
function formatValue({ data, datatype }: NumericTensor, index: number): string {
  const value = data[index] as number | bigint;
  if (typeof value === 'bigint' || datatypes[datatype].kind !== 'float') return String(value);
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${String(BigInt(value))}.000000`;
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
