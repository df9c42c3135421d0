import type { OnnxGraph, OnnxNode, OnnxStructure } from '../../structure.js';
import { sizedBy } from './sized-by-values.js';

/** From here on a bound of `Slice` means the end of the dimension, whatever its length. */
const endless = 2 ** 31 - 1;

/** What is open in a model, and what is known in one of its graphs. */
interface Around {
  readonly isBeyondRowsOpen: boolean;
  readonly constants: ReadonlyMap<string, readonly number[] | undefined>;
  readonly sizes: Set<string>;
}

/**
 * The first node in words that leaves nothing of a short open dimension: a `Slice` that begins at 5, a pool of 2 on a side of 1. Of rows it
 * is assumed that they stay in the first dimension where no `Transpose` moves them. Undefined where whatever is left has elements.
 */
export function findEmptiedByShape({ graph, functions }: OnnxStructure, failing: string): string | undefined {
  // What a short side leaves nothing of is what detectors choose from, so the dimension that TopK takes as it is.
  if (failing === 'TopK') return undefined;
  const dims = graph.inputs.flatMap(({ name, dims: own }) => (graph.constants.has(name) ? [] : [own]));
  const bodies = functions.map(({ nodes }) => ({ inputs: [], outputs: [], nodes, constants: new Map() }));
  const isMoved = [graph, ...bodies].flatMap(withInner).some(({ nodes }) => nodes.some(movesRows));
  const isRowsOpen = dims.some((own) => own === undefined || own[0] === null);
  const isBeyondRowsOpen = (isMoved && isRowsOpen) || dims.some((own) => own === undefined || own.indexOf(null, 1) > 0);
  if (!isRowsOpen && !isBeyondRowsOpen) return undefined;
  const outside = { isBeyondRowsOpen, constants: new Map(), sizes: new Set<string>() };
  for (const each of [graph, ...bodies]) {
    const found = findEmptying(each, outside);
    if (found === undefined) continue;
    const name = found.name === '' ? found.op : `${found.op} '${found.name}'`;
    return `a short input may leave nothing of what ${name} takes, and ${failing} ends the process on a tensor without elements`;
  }
  return undefined;
}

/** A graph knows the names around it; those of its neighbours and of functions may be the same and mean others. */
function findEmptying(graph: OnnxGraph, outer: Around): OnnxNode | undefined {
  const constants = new Map([...outer.constants, ...constantsOf(graph)]);
  const around = { ...outer, constants, sizes: new Set(outer.sizes) };
  for (const node of graph.nodes) {
    if (!followsSizes(node, around) && mayLeaveNothing(node, around)) return node;
    for (const inner of graphsOf(node)) {
      const found = findEmptying(inner, around);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function graphsOf({ attributes }: OnnxNode): readonly OnnxGraph[] {
  return [...attributes.values()].flatMap(({ graph }) => graph ?? []);
}

function withInner(graph: OnnxGraph): readonly OnnxGraph[] {
  return [graph, ...graph.nodes.flatMap(graphsOf).flatMap(withInner)];
}

/** Transposes turn around without a permutation. */
function movesRows({ op, attributes }: OnnxNode): boolean {
  return op === 'Transpose' && (attributes.get('perm')?.numbers[0] ?? -1) !== 0;
}

function constantsOf({ constants, nodes }: OnnxGraph): (readonly [string, readonly number[] | undefined])[] {
  const own = nodes.flatMap(({ op, outputs, attributes }) => {
    if (op !== 'Constant') return [];
    const list = attributes.get('value_ints')?.numbers;
    return [[outputs[0] ?? '', list ?? attributes.get('value')?.tensor?.values] as const];
  });
  return [...[...constants].map(([name, { values }]) => [name, values] as const), ...own];
}

/** Whether a node computes with sizes, whose number no request chooses, and not with what is in a tensor or as large as they say. */
function followsSizes(node: OnnxNode, { constants, sizes }: Around): boolean {
  const { op, inputs, outputs } = node;
  const isSize = (name: string) => name === '' || sizes.has(name) || constants.has(name);
  const isTensor = op in sizedBy || graphsOf(node).length > 0;
  const follows =
    op === 'Shape' || op === 'Size' || (!isTensor && inputs.some((name) => sizes.has(name)) && inputs.every(isSize));
  if (follows) for (const name of outputs) sizes.add(name);
  return follows;
}

function mayLeaveNothing(node: OnnxNode, around: Around): boolean {
  const { op, domain, attributes } = node;
  if (domain !== '') return false;
  if (op === 'Slice') return mayCutAll(node, around);
  const numbers = (name: string, index: number) =>
    attributes.get(name)?.numbers ?? around.constants.get(node.inputs[index] ?? '');
  if (op === 'Pad') return numbers('pads', 1)?.some((pad) => pad < 0) ?? false;
  if (!around.isBeyondRowsOpen)
    return op === 'Split' && attributes.has('num_outputs') && attributes.get('axis')?.number === 0;
  if (op === 'Split') return attributes.has('num_outputs');
  if (op === 'Crop' || op === 'CenterCropPad') return true;
  if (!/^(?:Max|Average|Lp)Pool$/.test(op) || /^SAME/.test(attributes.get('auto_pad')?.text ?? '')) return false;
  // A function's call decides.
  if ([...attributes.values()].some(({ reference }) => reference !== undefined)) return true;
  const kernel = attributes.get('kernel_shape')?.numbers ?? [];
  const pads = attributes.get('pads')?.numbers ?? [];
  const dilations = attributes.get('dilations')?.numbers ?? [];
  const padded = (at: number) => 1 + (pads[at] ?? 0) + (pads[at + kernel.length] ?? 0);
  return kernel.some((side, at) => (side - 1) * (dilations[at] ?? 1) + 1 > padded(at));
}

/** Bounds that are computed may be any. */
function mayCutAll({ inputs, attributes }: OnnxNode, { constants, isBeyondRowsOpen }: Around): boolean {
  const read = (name: string, index: number) => attributes.get(name)?.numbers ?? constants.get(inputs[index] ?? '');
  const [starts, ends, steps] = [read('starts', 1), read('ends', 2), read('steps', 4)];
  const isOpen = (axis: number) => isBeyondRowsOpen || axis === 0;
  const axes = read('axes', 3) ?? starts?.map((_, at) => at) ?? [0];
  if (starts === undefined || ends === undefined || ((inputs[4] ?? '') !== '' && steps === undefined))
    return axes.some(isOpen);
  return axes.some((axis, at) => isOpen(axis) && !keepsOne(starts[at] ?? 0, ends[at] ?? 0, steps?.[at] ?? 1));
}

/** Whether something is left of every dimension that has an element. */
function keepsOne(start: number, end: number, step: number): boolean {
  if (step < 0) return (start === -1 || start >= endless) && end <= -endless;
  return (start === 0 && end > 0) || (start < 0 && end >= endless);
}
