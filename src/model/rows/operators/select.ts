import { isSame, known, numberOf, one, product, type Size } from '../size.js';
import { isAligned } from '../broadcast.js';
import { axisOf, hasRows, meetOn, requireNotOn, type NodeView, type Rule } from '../node-view.js';
import { layoutOf, meet, reshaped, rowsAlong, withContent, type Content, type Tensor, type Value } from '../value.js';

/** Elements of an axis by their index; rows may be the data, or the indices into data that are the same for all. */
export const gather: Rule = (view) => {
  const [data, indices] = [view.input(0), view.input(1)];
  const content = gatheredContent(view, data);
  if (content !== undefined) return [content];
  const [dims, places] = [view.dims(0), view.dims(1)];
  const axis = axisOf(view.integer('axis', 0), dims.length);
  const sizes = [...dims.slice(0, axis), ...places, ...dims.slice(axis + 1)];
  if (hasRows(indices)) {
    view.requireFree(0);
    return [reshaped(indices, sizes, axis + indices.axis)];
  }
  if (!hasRows(data))
    return [{ kind: data.kind === 'free' && indices.kind === 'free' ? 'free' : 'count', dims: sizes }];
  view.requireFree(1);
  requireNotOn(data, axis);
  return [reshaped(data, sizes, data.axis < axis ? data.axis : data.axis + places.length - 1)];
};

/** Elements of an axis by indices that have the data's shape on all other axes. */
export const gatherElements: Rule = (view) => {
  const [data, indices] = [view.input(0), view.input(1)];
  const axis = axisOf(view.integer('axis', 0), view.dims(0).length);
  if (!hasRows(indices))
    return hasRows(data) ? meet('its indices do not depend on the rows, and may not reach all') : [indices];
  if (data.kind === 'free' && indices.axis === axis) return [indices];
  if (!hasRows(data) || !isAligned(data, indices)) return meet('its data and indices do not have the same rows');
  requireNotOn(data, axis);
  return [indices];
};

/** Slices of the data by tuples of indices; rows are the batch of both, or are in the indices alone. */
export const gatherND: Rule = (view) => {
  const [data, indices] = [view.input(0), view.input(1)];
  const [dims, places] = [view.dims(0), view.dims(1)];
  const batch = view.integer('batch_dims', 0);
  const width = numberOf(places.at(-1) ?? one) ?? meet('how many axes it indexes is not known');
  const sizes = [...places.slice(0, -1), ...dims.slice(batch + width)];
  if (!hasRows(indices))
    return hasRows(data) ? meet('its indices do not depend on the rows') : [{ kind: 'free', dims: sizes }];
  if (indices.axis === places.length - 1) return meet('it takes the rows for indices');
  if (data.kind === 'free' && indices.axis >= batch) return [reshaped(indices, sizes)];
  const isBatch = hasRows(data) && data.axis === indices.axis && data.axis < batch;
  if (!isBatch || !isSame(data.outer, indices.outer) || !isSame(data.inner, indices.inner))
    return meet('it takes the rows for indices');
  return [reshaped(indices, sizes)];
};

/** Elements of an axis set by index; data, indices and updates have the same rows. */
export const scatterElements: Rule = (view) => {
  const [data, indices, updates] = [view.input(0), view.input(1), view.input(2)];
  const axis = axisOf(view.integer('axis', 0), view.dims(0).length);
  if (!hasRows(data) || !hasRows(indices) || !hasRows(updates)) return meet('not all of its inputs have rows');
  if (!isAligned(data, indices) || !isAligned(data, updates)) return meet('its inputs do not have the same rows');
  requireNotOn(data, axis);
  return [data];
};

/** Columns by index (ai.onnx.ml); or labels of rows, where the data are a list and the rows are the indices. */
export const arrayFeatureExtractor: Rule = (view) => {
  const [data, indices] = [view.input(0), view.input(1)];
  const dims = view.dims(0);
  const width = product(view.dims(1));
  const sizes = [...(dims.length === 1 ? [one] : dims.slice(0, -1)), width];
  if (hasRows(indices)) {
    view.requireFree(0);
    const { before, within } = layoutOf(indices);
    return [rowsAlong(sizes, sizes.length - 1, { outer: before, inner: within })];
  }
  requireNotOn(data, dims.length - 1);
  view.requireFree(1);
  return [reshaped(data, sizes)];
};

/** Joins along an axis without rows; every operand must have the rows. */
export const concat: Rule = (view) => join(view, view.given());

/** `Concat` of the values given, along the node's axis. */
export function join(view: NodeView, values: readonly Tensor[]): readonly Value[] {
  const [first] = values;
  const rank = first?.dims?.length ?? meet('the rank of an operand is not known');
  const axis = axisOf(view.integer('axis', 1), rank);
  const rows = values.filter(hasRows);
  const shapes = values.map(({ dims }) => dims ?? meet('the rank of an operand is not known'));
  const lengths = shapes.map((dims) => dims[axis] ?? one);
  const sizes = (first?.dims ?? []).with(axis, sumOf(view, lengths));
  const [some] = rows;
  if (some === undefined) return [concatenated(values, sizes)];
  if (rows.length < values.length) return meet('it joins rows with what has none');
  if (!rows.every((value) => value.axis === some.axis && isAligned(value, some)))
    return meet('its operands do not have the same rows');
  if (some.axis === axis) return meetOn(axis, 'joins along');
  return [reshaped(some, sizes)];
}

/** Split keeps rows apart unless it splits along them. */
export const split: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const axis = axisOf(view.integer('axis', 0), dims.length);
  requireNotOn(value, axis);
  view.requireFree(...view.parameters());
  const lengths = view.integers('split') ?? view.free(1)?.content?.map((element) => element && numberOf(element));
  const count = view.node.outputs.length;
  const whole = numberOf(dims[axis] ?? one);
  return view.node.outputs.map((_, index) => {
    const even = lengths === undefined && whole !== undefined && whole % count === 0 ? whole / count : undefined;
    const length = lengths?.[index] ?? even;
    return reshaped(value, dims.with(axis, length === undefined ? view.unknownCount() : known(length)));
  });
};

function gatheredContent(view: NodeView, data: Tensor): Value | undefined {
  const indices = view.input(1);
  if (data.kind === 'rows' || data.content === undefined || data.dims?.length !== 1 || indices.kind !== 'free')
    return undefined;
  const { content } = data;
  const places = indices.content?.map((element) => element && numberOf(element));
  if (places === undefined || indices.dims === undefined || indices.dims.length > 1) return undefined;
  const elements = places.map((place) => (place === undefined ? undefined : content.at(place)));
  return elements.some((element) => element === undefined) ? undefined : withContent(indices.dims, elements);
}

/** The length of what is joined, where it is known. */
function sumOf(view: NodeView, lengths: readonly Size[]): Size {
  const numbers = lengths.map(numberOf).filter((number) => number !== undefined);
  if (numbers.length === lengths.length) return known(numbers.reduce((sum, number) => sum + number, 0));
  return view.unknownCount();
}

function concatenated(values: readonly Tensor[], dims: readonly Size[]): Value {
  const kind = values.some((value) => value.kind === 'count') ? 'count' : 'free';
  const contents = values.map((value) => (value.kind === 'rows' ? undefined : value.content));
  const lists = contents.filter((content): content is Content => content !== undefined);
  if (dims.length !== 1 || lists.length < values.length) return { kind, dims };
  return withContent(dims, lists.flat());
}
