import { divide, known, numberOf, one, times, type Size } from '../../size.js';
import { axisOf, hasRows, requireFirst, type Rule } from '../../node-view.js';
import { isPlain, meet, reshaped } from '../../value.js';
import { requireSameRows } from './convolution.js';

/** Channels laid out as space. */
export const depthToSpace: Rule = (view) => {
  const value = view.input(0);
  requireFirst(value);
  const block = known(view.integer('blocksize', 1));
  const [batch = one, channels = one, height = one, width = one] = view.dims(0);
  const depth = divide(channels, times(block, block)) ?? view.unknownCount();
  return [reshaped(value, [batch, depth, times(height, block), times(width, block)])];
};

/** Space laid out as channels. */
export const spaceToDepth: Rule = (view) => {
  const value = view.input(0);
  requireFirst(value);
  const block = known(view.integer('blocksize', 1));
  const [batch = one, channels = one, ...space] = view.dims(0);
  return [
    reshaped(value, [
      batch,
      times(channels, times(block, block)),
      ...space.map((size) => divide(size, block) ?? view.unknownCount()),
    ]),
  ];
};

/** Samples of an image at the places of a grid; both have the same rows. */
export const gridSample: Rule = (view) => {
  const [value, grid] = [view.input(0), view.input(1)];
  requireFirst(value);
  requireSameRows(view, value, 1);
  if (hasRows(value) && !hasRows(grid)) meet('its grid does not have the rows');
  const places = view.dims(1).slice(1, -1);
  return [reshaped(value, [...view.dims(0).slice(0, 2), ...places])];
};

/** One number made a vector with a one at its place. */
export const oneHot: Rule = (view) => {
  const value = view.input(0);
  view.requireFree(1, 2);
  const rank = view.dims(0).length + 1;
  const axis = axisOf(view.integer('axis', -1), rank);
  const depth = view.free(1)?.content?.[0] ?? view.unknownCount();
  const sizes = [...view.dims(0).slice(0, axis), depth, ...view.dims(0).slice(axis)];
  return [reshaped(value, sizes, hasRows(value) && value.axis >= axis ? value.axis + 1 : undefined)];
};

/** The upper or lower triangle of the last two axes. */
export const triangle: Rule = (view) => {
  const value = view.input(0);
  view.requireFree(1);
  const dims = view.dims(0);
  if (hasRows(value) && value.axis >= dims.length - 2) meet('its triangle lies over the rows');
  return [reshaped(value, dims)];
};

/** A part of each row turned round, as long as the row's own number says. */
export const reverseSequence: Rule = (view) => {
  const value = view.input(0);
  const [batch, time] = [view.integer('batch_axis', 1), view.integer('time_axis', 0)];
  const lengths = view.input(1);
  const isFree = value.kind === 'free' && lengths.kind === 'free';
  const isRows = hasRows(value) && hasRows(lengths) && value.axis === batch && isPlain(value) && isPlain(lengths);
  if (!isFree && !isRows) meet(`it turns round axis ${time}, or not by the length of each row`);
  return [reshaped(value, view.dims(0))];
};

/** A product of sums written as letters; a letter that has the rows is kept, and is of no operand without them. */
export const einsum: Rule = (view) => {
  const equation = view.text('equation').replaceAll(/\s/g, '');
  const [left = '', right] = equation.split('->');
  const terms = left.split(',');
  if (right === undefined || equation.includes('.')) return meet('its equation is not written out');
  const values = view.given();
  if (terms.length !== values.length) return meet('its equation does not fit its operands');
  const sizes = new Map<string, Size>();
  for (const [index, term] of terms.entries()) {
    if (term.length !== view.dims(index).length) return meet('its equation does not fit its operands');
    for (const [axis, letter] of Array.from(term).entries()) {
      const size = view.dims(index)[axis] ?? one;
      if (numberOf(sizes.get(letter) ?? one) === 1) sizes.set(letter, size);
    }
  }
  const dims = Array.from(right, (letter) => sizes.get(letter) ?? one);
  const rows = values.flatMap((value, index) =>
    hasRows(value) ? [{ value, letter: terms[index]?.[value.axis] ?? '' }] : [],
  );
  const [first] = rows;
  if (first === undefined) return [{ kind: values.every(({ kind }) => kind === 'free') ? 'free' : 'count', dims }];
  if (!isKept(first.letter, right) || values.some(({ kind }) => kind === 'count'))
    return meet('it adds up over the rows');
  for (const [index, value] of values.entries()) {
    const term = terms[index] ?? '';
    const places = Array.from(term).filter((letter) => letter === first.letter).length;
    if (places !== (hasRows(value) ? 1 : 0)) return meet('its rows meet an operand without them');
  }
  if (rows.some(({ value, letter }) => letter !== first.letter || !isSameRows(value, first.value))) {
    return meet('rows of two operands lie on different axes');
  }
  return [reshaped(first.value, dims, right.indexOf(first.letter))];
};

function isKept(letter: string, right: string): boolean {
  return right.split(letter).length === 2;
}

function isSameRows(left: { outer: Size; inner: Size }, right: { outer: Size; inner: Size }): boolean {
  return JSON.stringify([left.outer, left.inner]) === JSON.stringify([right.outer, right.inner]);
}
