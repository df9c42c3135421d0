/**
 * A number that a graph computes with, as far as it is known without running it: `factor * B^rows` times symbols, where B is
 * the number of rows of a run and each symbol an integer that is the same for every row that may share a run. A symbol that
 * starts with `~` may be negative.
 */
export interface Size {
  readonly rows: number;
  readonly factor: number;
  /** Ascending; a symbol stands as often as its power says. */
  readonly symbols: readonly string[];
}

/** A number that is known. */
export function known(factor: number): Size {
  return { rows: 0, factor, symbols: [] };
}

/** The size 1. */
export const one = known(1);

/** The number of rows of a run. */
export const rowCount: Size = { rows: 1, factor: 1, symbols: [] };

/** A number that has a name but is not known. */
export function symbol(name: string): Size {
  return { rows: 0, factor: 1, symbols: [name] };
}

/** The number, where it is known. */
export function numberOf({ rows, factor, symbols }: Size): number | undefined {
  return rows === 0 && symbols.length === 0 ? factor : undefined;
}

/** Whether two sizes are the same whatever the symbols are. */
export function isSame(left: Size, right: Size): boolean {
  if (left === right) return true;
  if (left.rows !== right.rows || left.factor !== right.factor || left.symbols.length !== right.symbols.length)
    return false;
  return left.symbols.every((name, index) => name === right.symbols[index]);
}

/** Whether a size is known to be 1. */
export function isOne(size: Size): boolean {
  return numberOf(size) === 1;
}

/** Whether it cannot be negative. */
export function isCount({ factor, symbols }: Size): boolean {
  return factor >= 0 && !symbols.some((name) => name.startsWith('~'));
}

/** The product of two sizes. */
export function times(left: Size, right: Size): Size {
  if (isOne(left)) return right;
  if (isOne(right)) return left;
  const factor = left.factor * right.factor;
  if (factor === 0) return known(0);
  const symbols = [...left.symbols, ...right.symbols];
  return { rows: left.rows + right.rows, factor, symbols: symbols.length > 1 ? symbols.sort() : symbols };
}

/** The product of all sizes; 1 for none. */
export function product(sizes: readonly Size[]): Size {
  return sizes.reduce(times, one);
}

/** The quotient where it is a whole number whatever the symbols are. */
export function divide(left: Size, right: Size): Size | undefined {
  const factor = left.factor / right.factor;
  if (!Number.isInteger(factor) || left.rows < right.rows) return undefined;
  const symbols = [...left.symbols];
  for (const name of right.symbols) {
    const index = symbols.indexOf(name);
    if (index === -1) return undefined;
    symbols.splice(index, 1);
  }
  return factor === 0 ? known(0) : { rows: left.rows - right.rows, factor, symbols };
}

/** For a name of a size that is computed from others. */
export function textOf({ rows, factor, symbols }: Size): string {
  return [
    ...(factor === 1 && rows + symbols.length > 0 ? [] : [factor]),
    ...(rows > 0 ? [`B^${rows}`] : []),
    ...symbols,
  ].join('*');
}
