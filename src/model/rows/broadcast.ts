import { isOne, isSame, numberOf, symbol, textOf, type Size } from './size.js';
import { meet, reshaped, type RowsValue, type Tensor } from './value.js';

/** The result of an operator that computes element by element after broadcasting (onnx/docs/Broadcasting.md). */
export function broadcast(values: readonly Tensor[]): Tensor {
  const rows = values.filter((value) => value.kind === 'rows');
  const [first] = rows;
  if (first === undefined) return broadcastPlain(values);
  if (values.some(({ kind }) => kind === 'count')) return meet('the number of rows reaches the data');
  const ranks = values.map(({ dims }) => dims?.length ?? meet('the rank of an operand is not known'));
  const rank = Math.max(...ranks);
  const fromEnd = first.dims.length - first.axis;
  if (!rows.every((value) => isAligned(value, first))) meet('rows of two operands lie on different axes');
  for (const { kind, dims = [] } of values) {
    const size = dims[dims.length - fromEnd];
    if (kind === 'free' && size !== undefined && !isOne(size)) {
      meet(`an operand without rows has ${describe(size)} where the others have the rows`);
    }
  }
  const dims = broadcastDims(values.map((value) => value.dims ?? []));
  const axis = rank - fromEnd;
  return reshaped(first, dims, axis);
}

/** Whether rows lie on the same axis counted from the end, in the same order. */
export function isAligned(left: RowsValue, right: RowsValue): boolean {
  return (
    left.dims.length - left.axis === right.dims.length - right.axis &&
    isSame(left.outer, right.outer) &&
    isSame(left.inner, right.inner)
  );
}

/** The dimensions of several shapes broadcast together. */
export function broadcastDims(shapes: readonly (readonly Size[])[]): readonly Size[] {
  const rank = Math.max(0, ...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((dims) => dims[axis - rank + dims.length]).filter((size) => size !== undefined);
    return sizes.reduce(broadcastSize);
  });
}

/** The size of an axis where two meet: the runtime requires equal ones, or a one. */
function broadcastSize(left: Size, right: Size): Size {
  if (isOne(left) || isSame(left, right)) return right;
  if (isOne(right)) return left;
  if (left.rows > 0 || right.rows > 0) return meet('the number of rows meets another size');
  if (numberOf(left) !== undefined) return left;
  if (numberOf(right) !== undefined) return right;
  return symbol(`max(${[textOf(left), textOf(right)].sort().join(',')})`);
}

function broadcastPlain(values: readonly Tensor[]): Tensor {
  const kind = values.some((value) => value.kind === 'count') ? 'count' : 'free';
  const shapes = values.map(({ dims }) => dims);
  const dims = shapes.every((shape) => shape !== undefined) ? broadcastDims(shapes) : undefined;
  return { kind, ...(dims === undefined ? {} : { dims }) };
}

function describe(size: Size): string {
  const number = numberOf(size);
  return number === undefined ? 'a variable size' : `${number} elements`;
}
