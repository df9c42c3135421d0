import { divide, isCount, isOne, isSame, known, numberOf, product, symbol, times, type Size } from './size.js';
import { layoutOf, meet, rowsAlong, type RowsValue } from './value.js';

/** Marks how many blocks a row is cut into where the file does not say; a run must show that it is one. */
const assumed = '?';

/** Whether each element of an axis is a row, or will be where the run gives as many as there are rows. */
export function isAssumedPlain({ outer, inner }: RowsValue): boolean {
  const isMarked = inner.factor === 1 && inner.symbols.length === 1 && inner.symbols[0]?.startsWith(assumed) === true;
  return isOne(outer) && (isOne(inner) || isMarked);
}

/**
 * Rows under another shape of the same elements (`Reshape`); one size of the target may be -1. In memory a row's elements keep
 * their places, so the axis of the target that has the number of rows has to start and end where the rows do.
 */
export function regroup(value: RowsValue, target: readonly Size[], newName: () => string): RowsValue {
  const { before, within } = layoutOf(value);
  if ([...before.symbols, ...within.symbols].some((name) => name.startsWith(assumed))) {
    return meet('it shapes rows again whose number the file does not say');
  }
  const open = target.findIndex((size) => numberOf(size) === -1);
  const total = times(times(before, within), { rows: 1, factor: 1, symbols: [] });
  const dims = open === -1 ? target : inferOpen({ target, open, total, before, newName });
  const axes = [...dims.keys()].filter((axis) => dims[axis]?.rows !== 0);
  const [axis] = axes;
  const size = axis === undefined ? undefined : dims[axis];
  if (axis === undefined || size === undefined) return meet('it gives a shape with a fixed number of rows');
  if (axes.length > 1 || size.rows > 1) return meet('it gives a shape with the number of rows on several axes');
  const leading = dims.slice(0, axis);
  const outer = leading.every(isCount) ? divide(before, product(leading)) : undefined;
  const inner = outer && divide({ ...size, rows: 0 }, outer);
  if (outer === undefined || inner === undefined) return meet('it merges rows with another axis');
  return rowsAlong(dims, axis, { outer, inner });
}

interface Open {
  readonly target: readonly Size[];
  readonly open: number;
  readonly total: Size;
  readonly before: Size;
  readonly newName: () => string;
}

/** The target with its -1 replaced by what is left. */
function inferOpen({ target, open, total, before, newName }: Open): readonly Size[] {
  const others = target.filter((_, axis) => axis !== open);
  const rest = product(others);
  if (rest.factor === 0) return meet('it gives a shape without elements');
  const quotient = divide(total, rest);
  if (quotient !== undefined) return target.with(open, quotient);
  if (rest.rows > 0) return target.with(open, symbol(newName()));
  // As many blocks as rows, if the model works at all: a run whose output has another number of rows is not cut.
  const isSound =
    isSame(product(target.slice(0, open)), before) && others.every((size) => numberOf(size) !== undefined);
  if (!isSound) return meet('it is not known to keep rows apart: a row may not fill its shape');
  return target.with(open, { rows: 1, factor: 1, symbols: [`${assumed}${newName()}`] });
}

/** The size of the target of a `Reshape` where it says 0: that of the same axis of the data. */
export function withoutZeros(target: readonly Size[], dims: readonly Size[]): readonly Size[] {
  return target.map((size, axis) => (numberOf(size) === 0 ? (dims[axis] ?? known(0)) : size));
}

/** The dimensions of a reshaped tensor without rows. */
export function regroupFree(
  dims: readonly Size[] | undefined,
  target: readonly Size[],
  newName: () => string,
): readonly Size[] {
  const open = target.findIndex((size) => numberOf(size) === -1);
  if (open === -1) return target;
  const rest = product(target.filter((_, axis) => axis !== open));
  const quotient = dims && rest.factor !== 0 ? divide(product(dims), rest) : undefined;
  return target.with(open, quotient ?? symbol(newName()));
}
