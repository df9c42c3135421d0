import type { OnnxFunction, OnnxGraph, OnnxNode, OnnxStructure } from '../../structure.js';
import { emptiedBy } from './empty-tensors.js';

/** Operators whose output is as large as the values of an input say, by these inputs; and those with a kernel, by the kernel. */
export const sizedBy: Readonly<Record<string, readonly number[]>> = {
  AffineGrid: [1],
  BlackmanWindow: [0],
  CenterCropPad: [1],
  Col2Im: [1, 2],
  ConstantOfShape: [0],
  Conv: [1],
  ConvInteger: [1],
  ConvTranspose: [1],
  DFT: [1],
  Expand: [1],
  HammingWindow: [0],
  HannWindow: [0],
  MaxUnpool: [2],
  MelWeightMatrix: [0, 1],
  OneHot: [1],
  Pad: [1],
  QLinearConv: [3],
  Range: [0, 1, 2],
  Resize: [1, 2, 3],
  STFT: [1, 3],
  Tile: [1],
  Upsample: [1],
  'com.microsoft:BeamSearch': [1, 3],
  'com.microsoft:CropAndResize': [3],
  'com.microsoft:GreedySearch': [1],
  'com.microsoft:Pad': [1],
  'com.microsoft:Range': [0, 1, 2],
  'com.microsoft:Sampling': [1],
  'com.microsoft:WhisperBeamSearch': [1, 3],
};

/** Answers what follows from the shape of their input, never from its values. */
const answersSizes: ReadonlySet<string> = new Set(['Shape', 'Size']);

/** Calls of functions are followed this deep; deeper ones count as chosen. */
const mostCalls = 32;

/** Nodes in bodies of functions that are followed, each as often as it is called; a few functions of two calls each come to billions. */
const mostInBodies = 100_000;

/** A node that a request's values have in their hands, in words. */
type Explain = (node: OnnxNode, name: string) => string;

const explainSize: Explain = ({ op }, name) =>
  /Conv/.test(op)
    ? `${name} takes its kernel from a request, and never ends with one of size zero`
    : `${name} is as large as the values of a request say, and may take all memory`;

/**
 * The first node in words whose size or kernel the values of a request choose. Undefined where these follow from constants and from
 * the shapes of the inputs `chosen`, which a request has to send whole.
 */
export function findChosenSize(structure: OnnxStructure, chosen: Iterable<string>): string | undefined {
  return search(structure, { chosen, table: sizedBy, explain: explainSize });
}

/** The same for a node that the values of a request may leave without elements, in a model with an operator `failing` on such. */
export function findChosenEmpty(
  structure: OnnxStructure,
  chosen: Iterable<string>,
  failing: string,
): string | undefined {
  const explain: Explain = (_node, name) =>
    `the values of a request may leave nothing of what ${name} makes, and ${failing} ends the process on a tensor without elements`;
  return search(structure, { chosen, table: emptiedBy, explain });
}

interface Sought {
  readonly chosen: Iterable<string>;
  readonly table: Readonly<Record<string, readonly number[]>>;
  readonly explain: Explain;
}

function search(structure: OnnxStructure, sought: Sought): string | undefined {
  const functions = new Map(structure.functions.map((one) => [`${one.domain}:${one.name}`, one]));
  return new Search(functions, sought).inNodes(structure.graph.nodes, new Set(sought.chosen), 0);
}

class Search {
  readonly #functions: ReadonlyMap<string, OnnxFunction>;

  readonly #sought: Sought;
  #nodesLeft = mostInBodies;

  constructor(functions: ReadonlyMap<string, OnnxFunction>, sought: Sought) {
    this.#functions = functions;
    this.#sought = sought;
  }

  /** Adds to `chosen` what the nodes make of it. */
  inNodes(nodes: readonly OnnxNode[], chosen: Set<string>, depth: number): string | undefined {
    for (const node of nodes) {
      const found = this.#inNode(node, chosen, depth);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #inNode(node: OnnxNode, chosen: Set<string>, depth: number): string | undefined {
    const called = this.#functions.get(`${node.domain}:${node.op}`);
    if (called !== undefined && depth < mostCalls) return this.#inCall(node, called, { chosen, depth });
    const isChosen = (index: number) => chosen.has(node.inputs[index] ?? '');
    const operator = node.domain === '' || called !== undefined ? node.op : `${node.domain}:${node.op}`;
    const sizes = this.#sought.table[operator] ?? [];
    if (sizes.some(isChosen)) {
      return this.#sought.explain(node, node.name === '' ? node.op : `${node.op} '${node.name}'`);
    }
    const graphs = [...node.attributes.values()].flatMap(({ graph }) => graph ?? []);
    for (const graph of graphs) {
      const found = this.#inGraph(graph, chosen, depth);
      if (found !== undefined) return found;
    }
    if (answersSizes.has(node.op) && node.domain === '') return undefined;
    if (graphs.length > 0 || node.inputs.some((name) => chosen.has(name)))
      for (const name of node.outputs) chosen.add(name);
    return undefined;
  }

  /** What goes into a graph of a node is not followed: it counts as chosen. */
  #inGraph({ inputs, nodes }: OnnxGraph, outer: ReadonlySet<string>, depth: number): string | undefined {
    return this.inNodes(nodes, new Set([...outer, ...inputs.map(({ name }) => name)]), depth);
  }

  #inCall(
    node: OnnxNode,
    called: OnnxFunction,
    { chosen, depth }: { readonly chosen: Set<string>; readonly depth: number },
  ): string | undefined {
    this.#nodesLeft -= called.nodes.length;
    if (this.#nodesLeft < 0) return `its functions come to more than ${mostInBodies} nodes`;
    const inner = new Set(called.inputs.filter((_, index) => chosen.has(node.inputs[index] ?? '')));
    const found = this.inNodes(called.nodes, inner, depth + 1);
    for (const [index, name] of called.outputs.entries()) {
      const outer = node.outputs[index];
      if (outer !== undefined && inner.has(name)) chosen.add(outer);
    }
    return found;
  }
}
