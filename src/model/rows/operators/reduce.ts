import { known, numberOf, product, type Size } from '../size.js';
import { axisOf, hasRows, requireNotOn, type NodeView, type Rule } from '../node-view.js';
import { reshaped, withContent, type Tensor, type Value } from '../value.js';

/** A reduction over axes that an attribute or, later, an input names; without any, over all. */
export const reduce: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const named = view.axes() ?? [];
  if (named.length === 0 && view.integer('noop_with_empty_axes', 0) !== 0) return [reshaped(value, dims)];
  const axes = named.length === 0 ? [...dims.keys()] : named.map((axis) => axisOf(axis, dims.length));
  const content = reducedContent(view, value);
  if (content !== undefined) return [content];
  return [reduced(value, dims, { axes, isKept: view.integer('keepdims', 1) !== 0 })];
};

/** Where the largest or smallest element of one axis is. */
export const argExtreme: Rule = (view) => {
  const dims = view.dims(0);
  const axes = [axisOf(view.integer('axis', 0), dims.length)];
  return [reduced(view.input(0), dims, { axes, isKept: view.integer('keepdims', 1) !== 0 })];
};

/** The largest elements of one axis, and where they are. */
export const topK: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const axis = axisOf(view.integer('axis', -1), dims.length);
  requireNotOn(value, axis);
  view.requireFree(1);
  const count = view.opset < 10 ? known(view.integer('k', 1)) : (view.free(1)?.content?.[0] ?? view.unknownCount());
  const result = reshaped(value, dims.with(axis, count));
  return [result, result];
};

interface Reduction {
  readonly axes: readonly number[];
  readonly isKept: boolean;
}

function reduced(value: Tensor, dims: readonly Size[], { axes, isKept }: Reduction): Tensor {
  for (const axis of axes) requireNotOn(value, axis);
  if (isKept)
    return reshaped(
      value,
      dims.map((size, axis) => (axes.includes(axis) ? known(1) : size)),
    );
  const rest = dims.filter((_, axis) => !axes.includes(axis));
  if (!hasRows(value)) return reshaped(value, rest);
  return reshaped(value, rest, value.axis - axes.filter((axis) => axis < value.axis).length);
}

/** Sums and products of a list of sizes. */
function reducedContent(view: NodeView, value: Tensor): Value | undefined {
  if (value.kind === 'rows' || value.content === undefined || value.dims?.length !== 1) return undefined;
  const dims = view.integer('keepdims', 1) === 0 ? [] : [known(1)];
  const sizes = value.content.filter((element) => element !== undefined);
  if (sizes.length < value.content.length) return undefined;
  if (view.node.op === 'ReduceProd') return withContent(dims, [product(sizes)]);
  const numbers = sizes.map(numberOf).filter((number) => number !== undefined);
  if (numbers.length < sizes.length) return undefined;
  if (view.node.op === 'ReduceMax') return withContent(dims, [known(Math.max(...numbers))]);
  if (view.node.op === 'ReduceMin') return withContent(dims, [known(Math.min(...numbers))]);
  if (view.node.op === 'ReduceSum') return withContent(dims, [known(numbers.reduce((sum, number) => sum + number, 0))]);
  return undefined;
}

/** `Size` of a tensor, or its shape or part of it. */
export const shapeOf: Rule = (view) => {
  const { kind, dims } = view.input(0);
  if (dims === undefined) return [{ kind: kind === 'free' ? 'free' : 'count' }];
  if (view.node.op === 'Size') return [withContent([], [product(dims)])];
  const part = dims.slice(view.integer('start', 0), view.has('end') ? view.integer('end', dims.length) : dims.length);
  return [withContent([known(part.length)], part)];
};
