import { broadcast } from '../broadcast.js';
import { isOne, known, numberOf, product, type Size } from '../size.js';
import { axisOf, hasRows, meetOn, type NodeView, type Rule } from '../node-view.js';
import { meet, reshaped, withContent, type Content, type Tensor, type Value } from '../value.js';
import { evaluate } from './arithmetic.js';
import { join } from './select.js';

/** The same shape and the same rows as the first input; all other inputs are parameters, the same for all rows. */
export const unary: Rule = (view) => {
  view.requireFree(...view.parameters());
  const value = view.input(0);
  return [resolved(view, reshaped(value, value.dims), evaluate(view.node.op, [value]))];
};

/** Computed element by element from all inputs, after broadcasting. */
export const broadcasting: Rule = (view) => {
  if (view.has('broadcast') || view.has('axis')) meet('it broadcasts as operators did before version 7');
  const values = view.given();
  return [resolved(view, broadcast(values), evaluate(view.node.op, values))];
};

/** A cast keeps sizes, but for fractions. */
export const cast: Rule = (view) => {
  const value = view.input(0);
  const content = value.kind === 'rows' ? undefined : value.content?.map((element) => element && truncated(element));
  return [resolved(view, reshaped(value, value.dims), content)];
};

/** `Clip`'s bounds and the like are scalars. */
export const withScalars: Rule = (view) => {
  const value = view.input(0);
  for (const index of view.parameters()) requireScalar(view, index);
  return [reshaped(value, value.dims), ...view.node.outputs.slice(1).map(() => reshaped(value, value.dims))];
};

/** `Dropout` outside training: the input, and a mask that is true. */
export const dropout: Rule = (view) => {
  const training = view.optional(2);
  if (training !== undefined && view.constants(2)?.[0] !== 0) meet('it may drop at random');
  if (view.opset < 7 && view.integer('is_test', 0) === 0) meet('it drops at random');
  const value = view.input(0);
  return [
    resolved(view, reshaped(value, value.dims), value.kind === 'rows' ? undefined : value.content),
    reshaped(value, value.dims),
  ];
};

/** A learned slope or bias beside the data. */
export const withBias: Rule = (view) => {
  const result = broadcast(view.given());
  const rank = view.dims(0).length;
  if (result.dims?.length !== rank) meet('its parameters have more dimensions than its data');
  return [result];
};

/** Quantisation with scales that are fixed: one for all, or one for each element of an axis without rows. */
export const quantise: Rule = (view) => {
  const value = view.input(0);
  view.requireFree(...view.parameters());
  if (hasRows(value)) {
    for (const index of view.parameters()) requireOnAxis(view, index, value.axis);
  }
  return [reshaped(value, value.dims)];
};

/** Quantised element-wise operators: each operand is followed by its scale and zero point (com.microsoft). */
export const quantisedBroadcast: Rule = (view) => {
  const data = new Set([0, 3]);
  for (const index of view.inputs.keys()) if (!data.has(index)) requireScalar(view, index);
  return [broadcast([view.input(0), view.input(3)])];
};

/** Quantised tensors joined: scale and zero point of the result, then each operand with its own (com.microsoft). */
export const quantisedConcat: Rule = (view) => {
  const isData = (index: number) => index > 1 && index % 3 === 2;
  for (const index of view.inputs.keys()) if (!isData(index)) requireScalar(view, index);
  return join(
    view,
    [...view.inputs.keys()].filter(isData).map((index) => view.input(index)),
  );
};

/** `Softmax` between scales that are fixed (com.microsoft). */
export const quantisedSoftmax: Rule = (view) => {
  const value = view.input(0);
  for (const index of view.parameters()) requireScalar(view, index);
  const axis = axisOf(view.integer('axis', -1), view.dims(0).length);
  // Before version 13 it computes over all axes behind the first one.
  const isOver = (rows: number) => (view.integer('opset', 1) < 13 ? rows >= axis : rows === axis);
  if (hasRows(value) && isOver(value.axis)) meetOn(axis);
  return [reshaped(value, value.dims)];
};

function requireOnAxis(view: NodeView, index: number, rowAxis: number): void {
  const parameter = view.optional(index);
  if (parameter === undefined || isScalar(parameter)) return;
  const rank = view.dims(0).length;
  const isPerAxis = parameter.dims?.length === 1 && axisOf(view.integer('axis', 1), rank) !== rowAxis;
  if (!isPerAxis || view.integer('block_size', 0) !== 0) meet('its scales are not the same for all rows');
}

/** Requires a parameter of one element that is the same for all rows. */
export function requireScalar(view: NodeView, index: number): void {
  view.requireFree(index);
  const value = view.optional(index);
  if (value !== undefined && !isScalar(value)) meet(`its ${view.nameOf(index)} is not a scalar`);
}

function isScalar({ dims }: Tensor): boolean {
  return dims?.every(isOne) === true;
}

/** A result with its elements, where they are known; what is free but not known gets a name of its own. */
function resolved(view: NodeView, result: Tensor, content: Content | undefined): Value {
  if (result.kind === 'rows' || content === undefined || result.dims === undefined) return result;
  if (numberOf(product(result.dims)) !== content.length) return result;
  return withContent(
    result.dims,
    content.map((element) => element ?? (result.kind === 'free' ? view.unknown() : undefined)),
  );
}

function truncated(element: Size): Size {
  const number = numberOf(element);
  return number === undefined ? element : known(Math.trunc(number));
}
