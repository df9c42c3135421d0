import { datatypes } from './datatype.js';
import { numbersOf } from './half.js';
import { elementsPerRow, isSameShape } from './shape.js';
import type { Tensor } from './tensor.js';

/** What rounding a model's answers may show. */
export interface NoiseKind {
  /** It computes with fewer than 24 bits somewhere: half floats, steps of a quantisation, a GPU's short products. */
  readonly isCoarse: boolean;
  /** Two runs of the same may differ: a GPU does not always add in one order. */
  readonly isUnsteady: boolean;
  /** It rounds to steps of a quantisation, of which noise may take the next. */
  readonly isQuantised: boolean;
}

/** What the rows of an output differ by, which its noise is judged by. */
export interface Spread {
  /** Of each element of a row, largest less smallest. */
  readonly columns: Float64Array;
  /** Of the whole output. */
  readonly range: number;
  /** The least difference of two elements, where so few values occur that they are steps; else 0. */
  readonly step: number;
}

/** `same`: two runs of one shape, of which this row is at the same place. `other`: runs of other sizes, for which kernels differ. */
export type Kernels = 'same' | 'other';

/** Parts of the value, of its column's spread, and of the output's range, up to which two floats are alike. */
const levels = {
  fine: { same: { value: 2e-6, column: 2e-6, range: 0 }, other: { value: 1e-5, column: 5e-3, range: 1e-5 } },
  coarse: { same: { value: 2e-3, column: 2e-3, range: 0 }, other: { value: 2e-2, column: 2e-2, range: 1e-3 } },
} as const;

/** Values that an output of 8 bits has at most. */
const mostSteps = 256;

/** The spread of an output over all rows of the tensors, which have one row shape; NaN and infinities are left out. */
export function findSpread(tensors: readonly Tensor[]): Spread {
  const width = tensors[0] === undefined || tensors[0].shape.length === 0 ? 0 : elementsPerRow(tensors[0].shape);
  const [least, most] = [new Float64Array(width).fill(Infinity), new Float64Array(width).fill(-Infinity)];
  const values = new Set<number>();
  for (const tensor of tensors) {
    if (tensor.datatype === 'BYTES') continue;
    for (const [at, element] of numbersOf(tensor).entries()) {
      const value = Number(element);
      if (!Number.isFinite(value)) continue;
      const column = at % width;
      least[column] = Math.min(least[column] ?? value, value);
      most[column] = Math.max(most[column] ?? value, value);
      if (values.size <= mostSteps) values.add(value);
    }
  }
  const columns = most.map((value, column) => Math.max(0, value - (least[column] ?? 0)));
  const range = width === 0 ? 0 : most.reduce((a, b) => Math.max(a, b)) - least.reduce((a, b) => Math.min(a, b));
  return { columns, range: Math.max(0, range), step: findStep(values) };
}

function findStep(values: ReadonlySet<number>): number {
  if (values.size < 2 || values.size > mostSteps) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.reduce(
    (least, value, n) => (n === 0 ? least : Math.min(least, value - (sorted[n - 1] ?? 0))),
    Infinity,
  );
}

/** What tells whether two answers are the same but for rounding. */
export interface Alikeness {
  readonly kind: NoiseKind;
  readonly spread: Spread;
  readonly kernels: Kernels;
}

/**
 * Whether two tensors are one answer but for rounding: floats up to a part of the value and of their own spread, integers and texts
 * exactly. Of a quantised model under other kernels each element may be the next step. NaN equals NaN.
 */
export function areAlike(left: Tensor, right: Tensor, { kind, spread, kernels }: Alikeness): boolean {
  if (left.datatype !== right.datatype || !isSameShape(left.shape, right.shape)) return false;
  if (left.datatype === 'BYTES' || right.datatype === 'BYTES') return areSameTexts(left, right);
  const step = kind.isQuantised && kernels === 'other' ? spread.step * 1.001 : 0;
  const { bytes } = datatypes[left.datatype];
  const isFloat = /^(FP|BF)/.test(left.datatype);
  if (!isFloat && (step === 0 || bytes > 1)) return left.data.every((value, index) => value === right.data[index]);
  const isCoarse = kernels === 'same' ? kind.isUnsteady : kind.isCoarse;
  const level = levels[isCoarse ? 'coarse' : 'fine'][kernels];
  const [a, b] = [numbersOf(left), numbersOf(right)];
  const base = isFloat ? level.range * spread.range : 0;
  const width = spread.columns.length;
  for (let at = 0; at < a.length; at += 1) {
    const [x, y] = [Number(a[at]), Number(b[at])];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (!Number.isFinite(x) || !Number.isFinite(y)) return false;
    const column = width === 0 ? 0 : (spread.columns[at % width] ?? 0);
    const float = isFloat ? base + level.value * Math.max(Math.abs(x), Math.abs(y)) + level.column * column : 0;
    if (!(Math.abs(x - y) <= Math.max(float, step))) return false;
  }
  return true;
}

function areSameTexts(left: Tensor, right: Tensor): boolean {
  const bytesOf = (tensor: Tensor, index: number) => Buffer.from(tensor.data[index] as string);
  return (
    left.data.length === right.data.length &&
    Array.from(left.data.keys()).every((index) => bytesOf(left, index).equals(bytesOf(right, index)))
  );
}
