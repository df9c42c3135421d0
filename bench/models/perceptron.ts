import type { Graph } from '../../src/model/onnx/writer.js';
import { Network } from './network.js';

/** A multi-layer perceptron: `features` FP32 [batch,first] -> `logits` FP32 [batch,last], ReLU between layers; random weights. */
export function buildPerceptron(seed: number, widths: readonly [number, number, ...number[]]): Graph {
  const net = new Network(seed);
  let x = 'features';
  for (const [i, to] of widths.slice(1).entries()) {
    if (i > 0) x = net.add('Relu', [x]);
    x = net.dense(x, [widths[i] ?? to, to], 2);
  }
  const last = widths.at(-1) ?? widths[1];
  return net.graph('perceptron', [{ name: 'features', datatype: 'FP32', shape: ['batch', widths[0]] }], {
    name: 'logits',
    datatype: 'FP32',
    shape: ['batch', last],
    from: x,
  });
}
