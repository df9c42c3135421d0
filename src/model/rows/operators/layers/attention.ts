import { isOne, type Size } from '../../size.js';
import { hasRows, type NodeView, type Rule } from '../../node-view.js';
import { isPlain, meet, rowsAlong, type RowsValue, type Tensor, type Value } from '../../value.js';

/** How inputs of an attention operator may depend on the rows; one that is not listed must be the same for all. */
interface Places {
  /** Rows on the first axis. */
  readonly rows: readonly number[];
  /** Rows on the first axis, or one matrix for all of them: the first axis is 1 or left out of `rank`. */
  readonly masks?: Readonly<Record<number, number>>;
  /** Rows on the second axis. */
  readonly second?: readonly number[];
  /** Inputs that must not be given. */
  readonly never?: readonly number[];
  /** Axes of the rows of the outputs. */
  readonly outputs: readonly number[];
}

/** Attention over the tokens of each row. The shapes of its results beyond the rows are left open. */
export const attention = ({ rows, masks = {}, second = [], never = [], outputs }: Places): Rule =>
  function (view) {
    const value = view.input(0);
    const dims = view.dims(0);
    if (hasRows(value)) requirePlainFirst(value);
    if (dims.length !== 3 && dims.length !== 4) meet('its data are packed');
    for (const index of view.parameters()) {
      if (never.includes(index) && view.optional(index) !== undefined) meet(`its input ${index} is not followed`);
      else if (rows.includes(index)) requireRows(view, index, 0);
      else if (second.includes(index)) requireRows(view, index, 1);
      else if (masks[index] !== undefined) requireMask(view, index, masks[index]);
      else view.requireFree(index);
    }
    if (!hasRows(value)) return meet('its data have no rows');
    return outputs.slice(0, view.node.outputs.length).map((axis, index): Value => {
      const rank = index === 0 ? dims.length : axis === 1 ? 5 : 4;
      return rowsAlong(
        Array.from({ length: rank }, (_, other) => sizeOf(view, { dims, axis, other, index })),
        axis,
      );
    });
  };

/** Lookup of words, positions and segments, their sum normalised (com.microsoft). */
export const embedNormalisation: Rule = (view) => {
  const value = view.input(0);
  const dims = view.dims(0);
  requirePlainFirst(value);
  for (const index of view.parameters()) {
    if (index === 1 || index === 7) requireRows(view, index, 0);
    else if (index === 8) requireMask(view, index, 2);
    else view.requireFree(index);
  }
  const [batch, tokens] = dims;
  if (batch === undefined || tokens === undefined) return meet('its data have no tokens');
  const hidden = view.dims(2)[1] ?? view.unknownCount();
  const embedded = rowsAlong([batch, tokens, hidden], 0);
  return [embedded, rowsAlong([batch], 0), embedded];
};

/** Turns pairs of numbers by an angle that their position says. */
export const rotary: Rule = (view) => {
  const value = view.input(0);
  if (hasRows(value)) requirePlainFirst(value);
  const places = view.node.domain === '' ? { positions: 3, tables: [1, 2] } : { positions: 1, tables: [2, 3] };
  const positions = view.optional(places.positions);
  const isOneForAll = positions?.kind === 'free' && positions.dims?.every(isOne) === true;
  if (positions !== undefined && !isOneForAll) requireRows(view, places.positions, 0);
  for (const index of places.tables) {
    if (positions === undefined) requireMask(view, index, 3);
    else view.requireFree(index);
  }
  if (!hasRows(value)) return meet('its data have no rows');
  return [rowsAlong(view.dims(0), 0)];
};

function requireRows(view: NodeView, index: number, axis: number): void {
  const value = view.optional(index);
  if (value === undefined || (hasRows(value) && value.axis === axis && isPlain(value))) return;
  meet(`its ${view.nameOf(index)} does not have the rows on axis ${axis}`);
}

/** A mask of `rank` axes after broadcasting: rows first, or the same for all. */
function requireMask(view: NodeView, index: number, rank: number): void {
  const value = view.optional(index);
  if (value === undefined) return;
  const dims = view.dims(index);
  const isFirst = hasRows(value) && value.axis + rank - dims.length === 0 && isPlain(value);
  const isForAll =
    value.kind === 'free' && (dims.length < rank || (dims.length === rank && dims.slice(0, 1).every(isOne)));
  if (!isFirst && !isForAll) meet(`its ${view.nameOf(index)} does not have the rows`);
}

interface Place {
  readonly dims: readonly Size[];
  readonly axis: number;
  readonly other: number;
  readonly index: number;
}

/** The size of an axis of a result: those of the rows and, of the first result, of the axes but the last are the data's. */
function sizeOf(view: NodeView, { dims, axis, other, index }: Place): Size {
  const [batch] = dims;
  if (other === axis && batch !== undefined) return batch;
  const isKept = index === 0 && other < dims.length - 1;
  return (isKept ? dims[other] : undefined) ?? view.unknownCount();
}

/** Ends the proof unless each element of the first axis is one row. */
function requirePlainFirst(value: Tensor): asserts value is RowsValue {
  if (!hasRows(value) || value.axis !== 0 || !isPlain(value)) meet('the rows are not on the first axis of its data');
}
