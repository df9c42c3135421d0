import type { OnnxGraph } from '../structure.js';
import { axisOf, type NodeView } from './node-view.js';
import type { Scope } from './scope.js';
import { numberOf, symbol, isSame, type Size } from './size.js';
import { meet, reshaped, type MixedValue, type Value } from './value.js';

/** How a node with subgraphs evaluates them. */
export interface Around {
  readonly scope: Scope;
  run(graph: OnnxGraph, scope: Scope): readonly Value[];
}

/** Rounds after which the values that a loop carries are taken to go on changing. */
const mostRounds = 8;

/** `If` on what is the same for all rows: what holds for both branches, or for the one that is known to be taken. */
export function conditional(view: NodeView, around: Around): readonly Value[] {
  view.requireFree(0);
  const element = view.free(0)?.content?.[0];
  const condition = element && numberOf(element);
  const names =
    condition === undefined ? ['then_branch', 'else_branch'] : [condition === 0 ? 'else_branch' : 'then_branch'];
  const [first = [], second] = names.map((name) => around.run(graphOf(view, name), around.scope.inner()));
  if (second === undefined) return first;
  const apart = mixedOf(view, 'its branches give the rows on different axes, or only one of them does');
  return first.map((value, index) => {
    const newSize = () => view.unknownCount();
    return join(value, second[index] ?? apart, { newSize, apart });
  });
}

/** `Loop` as often as is the same for all rows: what holds of the values that it carries in every round. */
export function loop(view: NodeView, around: Around): readonly Value[] {
  view.requireFree(0, 1);
  const body = graphOf(view, 'body');
  const carried = view.inputs.slice(2).map((value) => value ?? meet('a value that it carries is missing'));
  const unknownScalar: Value = { kind: 'free', dims: [] };
  const { states, results } = settle(view, carried, (now) => {
    const scope = around.scope.inner();
    for (const [index, value] of [unknownScalar, unknownScalar, ...now].entries())
      scope.set(body.inputs[index]?.name ?? '', value);
    const [condition, ...results] = around.run(body, scope);
    if (condition?.kind === 'mixed') return meet(condition.reason);
    if (condition?.kind !== 'free') return meet('how often it runs depends on the rows');
    return results;
  });
  const collected = results.slice(states.length).map((value) => stacked(view, value, 0));
  return [...states.map((value) => reopened(view, value)), ...collected];
}

/** `Scan` over an axis without rows. */
export function scan(view: NodeView, around: Around): readonly Value[] {
  if (view.opset < 9) return meet('its first version counts a batch of its own');
  const body = graphOf(view, 'body');
  const count = view.integer('num_scan_inputs', 1);
  const stateCount = view.inputs.length - count;
  const axes = view.integers('scan_input_axes');
  const items = Array.from({ length: count }, (_, index) => sliceOf(view, stateCount + index, axes?.[index] ?? 0));
  const carried = view.inputs.slice(0, stateCount).map((value) => value ?? meet('a state is missing'));
  const { states, results } = settle(view, carried, (now) => {
    const scope = around.scope.inner();
    for (const [index, value] of [...now, ...items].entries()) scope.set(body.inputs[index]?.name ?? '', value);
    return around.run(body, scope);
  });
  const outputAxes = view.integers('scan_output_axes');
  const collected = results.slice(stateCount).map((value, index) => stacked(view, value, outputAxes?.[index] ?? 0));
  return [...states.map((value) => reopened(view, value)), ...collected];
}

interface Settled {
  readonly states: readonly Value[];
  readonly results: readonly Value[];
}

/** The values that a loop carries, joined with those of the next round until nothing changes. */
function settle(view: NodeView, first: readonly Value[], round: (now: readonly Value[]) => readonly Value[]): Settled {
  const apart = mixedOf(view, 'a value that it carries has the rows in one round and not in another');
  const newName = view.newName();
  let states = first;
  for (let count = 0; count < mostRounds; count++) {
    const results = round(states);
    const joined = states.map((state, index) => {
      const newSize = (place: string) => symbol(`${newName}.${index}.${place}`);
      return join(state, results[index] ?? apart, { newSize, apart });
    });
    if (joined.every((value, index) => isSameValue(value, states[index] ?? apart))) return { states, results };
    states = joined;
  }
  return meet('the values that it carries go on changing');
}

/** What a loop collects of each round, along a new axis. */
function stacked(view: NodeView, value: Value, wished: number): Value {
  if (value.kind === 'mixed' || value.kind === 'rowList') return value;
  if (value.dims === undefined) return value;
  const axis = axisOf(wished, value.dims.length + 1);
  const dims = value.dims.map((size) => (size.rows > 0 || numberOf(size) !== undefined ? size : view.unknownCount()));
  const place = value.kind === 'rows' && value.axis >= axis ? value.axis + 1 : undefined;
  return reshaped(value, dims.toSpliced(axis, 0, view.unknownCount()), place);
}

/** A value after the last round: sizes that changed from round to round are not those inside. */
function reopened(view: NodeView, value: Value): Value {
  if (value.kind === 'mixed' || value.kind === 'rowList' || value.dims === undefined) return value;
  const dims = value.dims.map((size) => (size.rows > 0 || numberOf(size) !== undefined ? size : view.unknownCount()));
  return reshaped(value, dims);
}

/** One item of what a scan goes over. */
function sliceOf(view: NodeView, index: number, wished: number): Value {
  const value = view.input(index);
  const dims = view.dims(index);
  const axis = axisOf(wished, dims.length);
  if (value.kind === 'rows' && value.axis === axis) return meet('it goes from row to row');
  const place = value.kind === 'rows' && value.axis > axis ? value.axis - 1 : undefined;
  return reshaped(value, dims.toSpliced(axis, 1), place);
}

function graphOf(view: NodeView, name: string): OnnxGraph {
  return view.attribute(name)?.graph ?? meet(`its ${name} is missing`);
}

function mixedOf(view: NodeView, why: string): MixedValue {
  const value = view.mixed(why);
  return value.kind === 'mixed' ? value : meet(why);
}

/** Gives a size of its own to a place where two values differ. */
type NewSize = (place: string) => Size;

/** What holds for both of two values, such as the results of two branches; `apart` where one has rows and the other not. */
function join(
  left: Value,
  right: Value,
  { newSize, apart }: { readonly newSize: NewSize; readonly apart: MixedValue },
): Value {
  if (left.kind === 'mixed') return left;
  if (right.kind === 'mixed') return right;
  if (left.kind === 'rowList') return right.kind === 'rowList' ? left : apart;
  if (right.kind === 'rowList') return apart;
  if (left.kind === 'rows' && right.kind === 'rows') {
    const isAlike = left.axis === right.axis && isSame(left.outer, right.outer) && isSame(left.inner, right.inner);
    const dims = joinDims(left.dims, right.dims, newSize);
    return isAlike && dims !== undefined ? { ...left, dims } : apart;
  }
  if (left.kind === 'rows' || right.kind === 'rows') return apart;
  const kind = left.kind === 'free' && right.kind === 'free' ? 'free' : 'count';
  const dims = left.dims && right.dims && joinDims(left.dims, right.dims, newSize);
  if (dims === undefined) return { kind };
  const { content } = left;
  const isKept =
    content?.length === right.content?.length &&
    content?.every((element, index) => isSameElement(element, right.content?.[index])) === true;
  return { kind, dims, ...(isKept ? { content } : {}) };
}

function joinDims(left: readonly Size[], right: readonly Size[], newSize: NewSize): readonly Size[] | undefined {
  if (left.length !== right.length) return undefined;
  return left.map((size, axis) => {
    const other = right[axis];
    return other !== undefined && isSame(size, other) ? size : newSize(String(axis));
  });
}

function isSameElement(left: Size | undefined, right: Size | undefined): boolean {
  return left !== undefined && right !== undefined && isSame(left, right);
}

/** Whether two values say the same. */
function isSameValue(left: Value, right: Value): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
