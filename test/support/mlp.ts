import type { Graph, GraphNode, Initializer } from '../../src/model/onnx/writer.js';

/** Layers of width x width weights with Relu between, FP32 [batch,width] in and out. The same seed gives the same weights. */
export function mlp(options: { readonly width: number; readonly layers: number; readonly seed?: number }): Graph {
  const { width, layers } = options;
  const random = lehmer(options.seed ?? 1);
  const initializers: Initializer[] = [];
  const nodes: GraphNode[] = [];
  for (let layer = 0; layer < layers; layer += 1) {
    const data = Float32Array.from({ length: width * width }, () => (random() - 0.5) * 0.1);
    initializers.push({ name: `W${layer}`, datatype: 'FP32', shape: [width, width], data });
    nodes.push({ op: 'MatMul', inputs: [layer === 0 ? 'X' : `R${layer}`, `W${layer}`], outputs: [`M${layer}`] });
    nodes.push({ op: 'Relu', inputs: [`M${layer}`], outputs: [layer === layers - 1 ? 'Y' : `R${layer + 1}`] });
  }
  return {
    name: `mlp-${width}x${layers}`,
    inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', width] }],
    outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', width] }],
    nodes,
    initializers,
  };
}

/** Park and Miller's generator: the same numbers everywhere. */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
