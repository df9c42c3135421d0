import type { Shape } from './shape.js';

/** How a classifier's output is read: rows below each other, each of as many classes. */
export interface ClassLayout {
  readonly rows: number;
  readonly classes: number;
}

/** What helps to tell classes from rows. */
export interface ClassHints {
  /** The first dimension is known to count rows. */
  readonly isBatched: boolean;
  /** How many labels there are, 0 where that is not known. */
  readonly labels: number;
}

/**
 * Rows and classes of an output's shape: `[N,C]`, `[N,C,1,1]`, `[1,1,C]`, `[C]`. Undefined where they cannot be told apart: more than
 * one dimension of a row is not 1, or the only long dimension may be either.
 */
export function findClassLayout(shape: Shape, { isBatched, labels }: ClassHints): ClassLayout | undefined {
  if (shape.length < 2 && !isBatched) return { rows: 1, classes: shape[0] ?? 1 };
  const [rows = 1, ...row] = shape;
  const long = row.filter((dim) => dim !== 1);
  if (long.length > 1) return undefined;
  const classes = long[0] ?? 1;
  if (isBatched || rows === 1 || classes !== 1 || labels === 1) return { rows, classes };
  return labels === rows ? { rows: 1, classes: rows } : undefined;
}
