import type { Graph, GraphValue } from '../../src/model/onnx/writer.js';
import { toHalfBits } from '../../src/tensor/half.js';

/** The same graph in FP16: inputs, outputs and weights; other datatypes stay. */
export function toHalfGraph(graph: Graph): Graph {
  const halve = (value: GraphValue): GraphValue =>
    'datatype' in value && value.datatype === 'FP32' ? { ...value, datatype: 'FP16' } : value;
  return {
    ...graph,
    name: `${graph.name}-fp16`,
    inputs: graph.inputs.map(halve),
    outputs: graph.outputs.map(halve),
    initializers: (graph.initializers ?? []).map((weight) =>
      weight.datatype === 'FP32'
        ? { ...weight, datatype: 'FP16', data: Uint16Array.from(weight.data as Float32Array, toHalfBits) }
        : weight,
    ),
  };
}
