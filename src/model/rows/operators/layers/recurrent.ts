import { known, type Size } from '../../size.js';
import { hasRows, type NodeView, type Rule } from '../../node-view.js';
import { isPlain, meet, rowsAlong, type Tensor, type Value } from '../../value.js';

/** Inputs of `LSTM`, `GRU` and `RNN` by what they are; the last two of an LSTM alone. */
const places = { data: 0, lengths: 4, states: [5, 6] } as const;
const isState = (index: number) => index === places.states[0] || index === places.states[1];

/** A recurrent layer: time on the first axis and the batch on the second, or the other way round with `layout` 1. */
export const recurrent: Rule = (view) => {
  const value = view.input(places.data);
  const isBatchFirst = view.integer('layout', 0) === 1;
  const [batchAxis, stateAxis] = isBatchFirst ? [0, 0] : [1, 1];
  const dims = view.dims(places.data);
  for (const index of view.parameters()) {
    if (index === places.lengths) requireRows(view, index, 0);
    else if (isState(index) && !(view.node.op !== 'LSTM' && index === places.states[1]))
      requireRows(view, index, stateAxis);
    else view.requireFree(index);
  }
  const directions = known(view.text('direction', 'forward') === 'bidirectional' ? 2 : 1);
  const hidden = known(view.integer('hidden_size', 1));
  const [time, batch] = [dims[1 - batchAxis], dims[batchAxis]];
  if (time === undefined || batch === undefined) return meet('its data have no batch');
  const all: readonly Size[] = isBatchFirst ? [batch, time, directions, hidden] : [time, directions, batch, hidden];
  const last: readonly Size[] = isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  if (!hasRows(value)) return [plain(all), plain(last), plain(last)];
  if (value.axis !== batchAxis) return meet('the rows are its time');
  const state: Value = rowsAlong(last, isBatchFirst ? 0 : 1, value);
  return [rowsAlong(all, isBatchFirst ? 0 : 2, value), state, state];
};

/** Lengths and first states are those of each row. */
function requireRows(view: NodeView, index: number, axis: number): void {
  const [value, data] = [view.optional(index), view.input(places.data)];
  if (value === undefined || (value.kind === 'free' && data.kind === 'free')) return;
  const isRow = hasRows(value) && hasRows(data) && value.axis === axis && isPlain(value) && isPlain(data);
  if (!isRow) meet(`its ${view.nameOf(index)} does not have the rows`);
}

function plain(dims: readonly Size[]): Tensor {
  return { kind: 'free', dims };
}
