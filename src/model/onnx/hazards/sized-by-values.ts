import type { OnnxFunction, OnnxGraph, OnnxNode, OnnxStructure } from '../../structure.js';

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
};

/** Answers what follows from the shape of their input, never from its values. */
const answersSizes: ReadonlySet<string> = new Set(['Shape', 'Size']);

/** Calls of functions are followed this deep; deeper ones count as chosen. */
const mostCalls = 32;

/**
 * The first node in words whose size or kernel the values of a request choose. Undefined where these follow from constants and from
 * the shapes of the inputs `chosen`, which a request has to send whole.
 */
export function findChosenSize(structure: OnnxStructure, chosen: Iterable<string>): string | undefined {
  const functions = new Map(structure.functions.map((one) => [`${one.domain}:${one.name}`, one]));
  return new Search(functions).inNodes(structure.graph.nodes, new Set(chosen), 0);
}

class Search {
  readonly #functions: ReadonlyMap<string, OnnxFunction>;

  constructor(functions: ReadonlyMap<string, OnnxFunction>) {
    this.#functions = functions;
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
    const sizes = node.domain === '' || called !== undefined ? (sizedBy[node.op] ?? []) : [];
    if (sizes.some(isChosen)) {
      const name = node.name === '' ? node.op : `${node.op} '${node.name}'`;
      return /Conv/.test(node.op)
        ? `${name} takes its kernel from a request, and computes for ever with one of no size`
        : `${name} is as large as the values of a request say, and may take all memory`;
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
    const inner = new Set(called.inputs.filter((_, index) => chosen.has(node.inputs[index] ?? '')));
    const found = this.inNodes(called.nodes, inner, depth + 1);
    for (const [index, name] of called.outputs.entries()) {
      const outer = node.outputs[index];
      if (outer !== undefined && inner.has(name)) chosen.add(outer);
    }
    return found;
  }
}
