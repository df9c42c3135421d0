import type { EmptySums } from '../../../tensor/tensor.js';
import type { OnnxHeader } from '../../config.js';
import type { OnnxGraph, OnnxNode, OnnxStructure } from '../../structure.js';

/**
 * Operators that add up products, by the places of what is multiplied. In some of their forms the kernels of ONNX Runtime 1.30 leave the
 * result as the memory was where there is nothing to add up: it may hold what other requests sent. `MatMul` also becomes `FusedMatMul`.
 */
const factors: Readonly<Record<string, readonly [number, number]>> = {
  Conv: [0, 1],
  ConvInteger: [0, 1],
  MatMul: [0, 1],
  MatMulInteger: [0, 1],
  QLinearConv: [0, 3],
  QLinearMatMul: [0, 3],
  'com.microsoft:DynamicQuantizeMatMul': [0, 1],
  'com.microsoft:FusedConv': [0, 1],
  'com.microsoft:FusedMatMul': [0, 1],
  'com.microsoft:MatMulIntegerToFloat': [0, 1],
  'com.microsoft:QGemm': [0, 3],
  'com.microsoft:TransposeMatMul': [0, 1],
};

/** Whether a model has such an operator. */
export function addsUpProducts(operators: OnnxHeader['operators']): boolean {
  return Object.keys(factors).some((operator) => operator in operators);
}

/**
 * The first such operator of two tensors that are no weights, whose sides the kernels compare with those of the other, and the inputs among
 * those named that may reach it without elements: what is only put beside something else, as caches are, does not.
 */
export function findEmptySums({ graph, functions }: OnnxStructure, inputs: readonly string[]): EmptySums | undefined {
  const bodies = functions.map(({ nodes }) => ({ inputs: [], outputs: [], nodes, constants: new Map() }));
  const chosen = new Set(inputs);
  const node = [graph, ...bodies].map((each) => findSum(each, chosen, new Set())).find((found) => found !== undefined);
  if (node === undefined) return undefined;
  const users = usersOf([graph, ...bodies].flatMap(allNodes));
  return { operator: node.op, inputs: inputs.filter((name) => !isOnlyJoined(name, users)) };
}

/** A graph inside another knows the constants around it. */
function findSum(graph: OnnxGraph, chosen: ReadonlySet<string>, around: ReadonlySet<string>): OnnxNode | undefined {
  const constants = new Set([...around, ...[...graph.constants.keys()].filter((name) => !chosen.has(name))]);
  for (const node of graph.nodes) {
    const isConstant = (name: string | undefined) => name === undefined || name === '' || constants.has(name);
    const graphs = graphsOf(node);
    const places = factors[node.domain === '' ? node.op : `${node.domain}:${node.op}`];
    if (places?.every((place) => !isConstant(node.inputs[place])) === true) return node;
    if (graphs.length === 0 && node.inputs.every(isConstant)) for (const name of node.outputs) constants.add(name);
    for (const inner of graphs) {
      const found = findSum(inner, chosen, constants);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function graphsOf({ attributes }: OnnxNode): readonly OnnxGraph[] {
  return [...attributes.values()].flatMap(({ graph }) => graph ?? []);
}

function allNodes({ nodes }: OnnxGraph): readonly OnnxNode[] {
  return nodes.flatMap((node) => [node, ...graphsOf(node).flatMap(allNodes)]);
}

type Users = ReadonlyMap<string, readonly OnnxNode[]>;

function usersOf(nodes: readonly OnnxNode[]): Users {
  const users = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const name of node.inputs) {
      const known = users.get(name);
      if (known === undefined) users.set(name, [node]);
      else known.push(node);
    }
  }
  return users;
}

/** Operators whose first input goes on, whole or in parts. */
const passing = new Set(
  'Cast DequantizeLinear Gather Identity Reshape Slice Split Squeeze Transpose Unsqueeze'.split(' '),
);

/** Whether a value only says its shape, is joined to others, or is the cache of an attention. */
function isOnlyJoined(start: string, users: Users): boolean {
  const open = [start];
  const seen = new Set(open);
  for (const name of open) {
    for (const { op, inputs, outputs } of users.get(name) ?? []) {
      const isCache = op.endsWith('Attention') && !inputs.slice(0, 3).includes(name);
      if (isCache || op === 'Concat' || op === 'Shape' || op === 'Size') continue;
      if (!passing.has(op) || inputs.indexOf(name, 1) !== -1) return false;
      for (const output of outputs.filter((each) => !seen.has(each))) {
        seen.add(output);
        open.push(output);
      }
    }
  }
  return true;
}
