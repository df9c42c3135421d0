import { broadcastDims } from '../broadcast.js';
import { isOne, isSame, known, numberOf, one, product, times, type Size } from '../size.js';
import { regroup, regroupFree, withoutZeros } from '../regroup.js';
import { axisOf, hasRows, type NodeView, type Rule } from '../node-view.js';
import { meet, reshaped, rowsAlong, withContent, type Tensor, type Value } from '../value.js';

/** Transpose moves the axis of rows. */
export const transpose: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const order = view.integers('perm') ?? [...dims.keys()].reverse();
  const content = turnedContent(value, order);
  if (content !== undefined) return [content];
  const moved = order.map((axis) => dims[axis] ?? meet('it names an axis that its data lack'));
  return [reshaped(value, moved, hasRows(value) ? order.indexOf(value.axis) : undefined)];
};

/** A small matrix with rows and columns exchanged. */
function turnedContent(value: Tensor, [first, second, ...others]: readonly number[]): Value | undefined {
  if (value.kind === 'rows' || value.content === undefined || first !== 1 || second !== 0 || others.length > 0)
    return undefined;
  const { content, dims = [] } = value;
  const [height, width] = dims.map(numberOf);
  if (dims.length !== 2 || height === undefined || width === undefined || height * width !== content.length)
    return undefined;
  const turned = content.map((_, place) => content[(place % height) * width + Math.floor(place / height)]);
  return withContent([known(width), known(height)], turned);
}

/** Reshape keeps rows apart where the axis of rows stays whole. */
export const reshape: Rule = (view) => {
  const value = view.input(0);
  const sizes = view.opset < 5 ? view.integers('shape')?.map(known) : view.sizes(1);
  if (sizes === undefined) return meet('its target shape is missing');
  const isZeroKept = view.integer('allowzero', 0) !== 0;
  const target = isZeroKept ? sizes : withoutZeros(sizes, value.dims ?? []);
  return [shaped(view, value, target)];
};

/** The axes before one and those from it on, each group as one axis. */
export const flatten: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const wished = view.integer('axis', 1);
  const axis = wished < 0 ? wished + dims.length : wished;
  return [shaped(view, value, [product(dims.slice(0, axis)), product(dims.slice(axis))])];
};

/** Squeeze removes axes of size one. */
export const squeeze: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const named = view.axes();
  if (named === undefined && (hasRows(value) || dims.some((size) => numberOf(size) === undefined))) {
    return meet('it takes away every axis of size 1, that of a single row too');
  }
  const axes =
    named?.map((axis) => axisOf(axis, dims.length)) ?? [...dims.keys()].filter((axis) => isOne(dims[axis] ?? one));
  if (hasRows(value) && axes.includes(value.axis)) return meet('it takes away the axis of the rows');
  const rest = dims.filter((_, axis) => !axes.includes(axis));
  return [moved(value, rest, (axis) => axis - axes.filter((other) => other < axis).length)];
};

/** Unsqueeze adds axes of size one. */
export const unsqueeze: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const named = view.axes() ?? meet('its axes are missing');
  const rank = dims.length + named.length;
  const axes = new Set(named.map((axis) => axisOf(axis, rank)));
  const places = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.has(axis));
  const sizes = Array.from({ length: rank }, (_, axis) => dims[places.indexOf(axis)] ?? one);
  return [moved(value, sizes, (axis) => places[axis] ?? axis)];
};

/** Repeats along axes of size one, as broadcasting does. A constant that is repeated for each row has rows. */
export const expand: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const target = view.sizes(1) ?? meet('its target shape is missing');
  const rank = Math.max(dims.length, target.length);
  const ofData = (axis: number) => dims[axis - rank + dims.length] ?? one;
  const ofTarget = (axis: number) => target[axis - rank + target.length] ?? one;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const repeated = axes.filter((axis) => ofTarget(axis).rows > 0 && !isSame(ofTarget(axis), ofData(axis)));
  const sizes = axes.map((axis) => (repeated.includes(axis) ? ofTarget(axis) : widest(ofData(axis), ofTarget(axis))));
  if (hasRows(value)) {
    const axis = value.axis + rank - dims.length;
    if (repeated.length > 0) return meet('it repeats rows by their number');
    if (!isOne(ofTarget(axis)) && !isSame(ofTarget(axis), ofData(axis)))
      return meet('it gives the rows another number');
    return [rowsAlong(sizes, axis, value)];
  }
  if (value.kind === 'free' && repeated.length > 0) return [repeatedRows(sizes, repeated, ofData)];
  const content =
    dims.length <= 1 && target.length <= 1 && value.content?.length === 1 ? repeat(value, sizes) : undefined;
  return [content ?? reshaped(value, sizes)];
};

/** Repeats along axes; a constant that is repeated as often as there are rows has rows. */
export const tile: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  const repeats = view.sizes(1) ?? meet('its repeats are missing');
  const sizes = dims.map((size, axis) => times(size, repeats[axis] ?? one));
  if (!hasRows(value)) {
    const repeated = [...dims.keys()].filter((axis) => (repeats[axis] ?? one).rows > 0);
    if (value.kind === 'count' || repeated.length === 0) return [reshaped(value, sizes)];
    return [repeatedRows(sizes, repeated, (axis) => dims[axis] ?? one)];
  }
  if (repeats.some(({ rows }) => rows > 0)) return meet('it repeats rows by their number');
  return [rowsAlong(sizes, value.axis, { outer: times(value.outer, repeats[value.axis] ?? one), inner: value.inner })];
};

/** A tensor of one number in every place; of a shape with the number of rows it has rows. */
export const constantOfShape: Rule = (view) => {
  const sizes = view.sizes(0) ?? meet('its shape is missing');
  const repeated = [...sizes.keys()].filter((axis) => (sizes[axis] ?? one).rows > 0);
  if (repeated.length > 0) return [repeatedRows(sizes, repeated, () => one)];
  const number = view.attribute('value')?.tensor?.values?.[0] ?? (view.has('value') ? undefined : 0);
  const count = numberOf(product(sizes));
  if (number === undefined || count === undefined || count > 64 || sizes.length > 1)
    return [{ kind: 'free', dims: sizes }];
  return [
    withContent(
      sizes,
      Array.from({ length: count }, () => known(number)),
    ),
  ];
};

/** A constant along an axis as long as the rows: each row has the same. */
function repeatedRows(sizes: readonly Size[], axes: readonly number[], ofData: (axis: number) => Size): Value {
  const [axis] = axes;
  const size = axis === undefined ? undefined : sizes[axis];
  if (axis === undefined || size?.rows !== 1 || axes.length > 1)
    return meet('it gives a shape with the number of rows on several axes');
  if (!isOne(ofData(axis))) return meet('it gives the rows numbers of their own');
  return rowsAlong(sizes, axis, { outer: one, inner: { ...size, rows: 0 } });
}

function repeat(value: Tensor, sizes: readonly Size[]): Value | undefined {
  const count = numberOf(product(sizes));
  if (value.kind === 'rows' || count === undefined || count > 64) return undefined;
  return withContent(
    sizes,
    Array.from({ length: count }, () => value.content?.[0]),
  );
}

function widest(left: Size, right: Size): Size {
  return broadcastDims([[left], [right]])[0] ?? one;
}

/** A tensor with axes added or taken away, which keeps its elements. */
function moved(value: Tensor, dims: readonly Size[], place: (axis: number) => number): Value {
  if (hasRows(value)) return reshaped(value, dims, place(value.axis));
  return value.content !== undefined ? { kind: value.kind, dims, content: value.content } : reshaped(value, dims);
}

function shaped(view: NodeView, value: Tensor, target: readonly Size[]): Value {
  const newName = () => view.newName();
  if (hasRows(value)) return regroup(value, target, newName);
  const dims = regroupFree(value.dims, target, newName);
  return value.content !== undefined ? { kind: value.kind, dims, content: value.content } : reshaped(value, dims);
}
