import { broadcast, broadcastDims } from '../../broadcast.js';
import { known, type Size } from '../../size.js';
import { hasRows, type NodeView, type Rule } from '../../node-view.js';
import { meet, reshaped, rowsAlong, type RowsValue, type Tensor } from '../../value.js';
import { requireScalar } from '../elementwise.js';

/** Where a product has its two operands, and which of its other inputs must be one number for all rows. */
interface Places {
  readonly operands: readonly [number, number];
  readonly scalars?: readonly number[];
}

/** A matrix product as numpy's: over the last axis of the left and the last but one of the right operand. */
export const matMul = ({ operands: [left, right], scalars = [] }: Places): Rule =>
  function (view) {
    const others = [...view.inputs.keys()].filter((index) => index !== left && index !== right);
    view.requireFree(...others);
    for (const index of scalars) requireScalar(view, index);
    view.dims(left);
    view.dims(right);
    return [multiply(transposedIf(view, left, 'transA'), transposedIf(view, right, 'transB'))];
  };

/** A matrix product with weights of one matrix that is packed in a way of its own; `N` says how many columns it has. */
export const packedMatMul: Rule = (view) => {
  const value = view.input(0);
  view.requireFree(...view.parameters());
  const dims = view.dims(0);
  if (hasRows(value) && value.axis === dims.length - 1) meet('it adds up over the rows');
  return [reshaped(value, [...dims.slice(0, -1), known(view.integer('N', 0))])];
};

/** `alpha * A' * B' + beta * C`, all of two dimensions. */
export const gemm: Rule = (view) => {
  if (view.dims(0).length !== 2 || view.dims(1).length !== 2) meet('its operands are not matrices');
  const matrix = multiply(transposedIf(view, 0, 'transA'), transposedIf(view, 1, 'transB'));
  const bias = view.optional(2);
  if (bias === undefined) return [matrix];
  const sum = broadcast([matrix, bias]);
  if (sum.dims?.length !== 2) meet('its bias has more than two dimensions');
  return [sum];
};

function multiply(left: Tensor, right: Tensor): Tensor {
  const [a, b] = [left.dims ?? [], right.dims ?? []];
  if (a.length === 0 || b.length === 0) return meet('an operand is a scalar');
  if (left.kind === 'count' || right.kind === 'count') return meet('the number of rows reaches the data');
  // A vector stands for a matrix of one row or column, which the result then lacks.
  const [wideA, wideB] = [a.length === 1 ? [known(1), ...a] : a, b.length === 1 ? [...b, known(1)] : b];
  const batch = broadcastBatch(left, right, [wideA.slice(0, -2), wideB.slice(0, -2)]);
  const matrix = [...(a.length > 1 ? wideA.slice(-2, -1) : []), ...(b.length > 1 ? wideB.slice(-1) : [])];
  const dims = [...batch, ...matrix];
  if (!hasRows(left) && !hasRows(right)) return { kind: 'free', dims };
  return placeRows({ left, right, dims, batchRank: batch.length });
}

/** The dimensions before the matrices; where one operand's rows lie among them, the other has the same rows or one matrix. */
function broadcastBatch(
  left: Tensor,
  right: Tensor,
  [a, b]: readonly [readonly Size[], readonly Size[]],
): readonly Size[] {
  const isBatch = (value: Tensor): value is RowsValue => hasRows(value) && value.axis < value.dims.length - 2;
  const asBatch = (value: Tensor, dims: readonly Size[]): Tensor =>
    isBatch(value) ? rowsAlong(dims, value.axis, value) : { kind: 'free', dims };
  if (isBatch(left) || isBatch(right)) return broadcast([asBatch(left, a), asBatch(right, b)]).dims ?? [];
  return broadcastDims([a, b]);
}

interface Product {
  readonly left: Tensor;
  readonly right: Tensor;
  readonly dims: readonly Size[];
  readonly batchRank: number;
}

function placeRows({ left, right, dims, batchRank }: Product): Tensor {
  const [a, b] = [left.dims ?? [], right.dims ?? []];
  if (hasRows(left) && left.axis === a.length - 1) return meet('it adds up over the rows');
  if (hasRows(right) && right.axis === Math.max(0, b.length - 2)) return meet('it adds up over the rows');
  const axes = [
    ...(hasRows(left) ? [left.axis === a.length - 2 ? batchRank : batchRank - (a.length - 2) + left.axis] : []),
    ...(hasRows(right)
      ? [right.axis === b.length - 1 ? dims.length - 1 : batchRank - (b.length - 2) + right.axis]
      : []),
  ];
  const [axis = 0] = axes;
  if (axes.some((other) => other !== axis) || (axes.length === 2 && axis >= batchRank)) {
    return meet('it multiplies rows with each other');
  }
  const rows = hasRows(left) ? left : right;
  return rows.kind === 'rows' ? rowsAlong(dims, axis, rows) : rows;
}

/** An operand with its last two axes exchanged where an attribute says so. */
function transposedIf(view: NodeView, index: number, attribute: string): Tensor {
  const value = view.input(index);
  if (view.integer(attribute.replace('trans', 'transBatch'), 0) !== 0) meet('it transposes its batch');
  if (view.integer(attribute, 0) === 0) return value;
  const dims = view.dims(index);
  const rank = dims.length;
  const [rows, columns] = dims.slice(-2);
  if (rows === undefined || columns === undefined) return value;
  const exchanged = (axis: number) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis);
  return reshaped(value, [...dims.slice(0, -2), columns, rows], hasRows(value) ? exchanged(value.axis) : undefined);
}
