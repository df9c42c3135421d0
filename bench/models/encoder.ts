import type { Graph } from '../../src/model/onnx/writer.js';
import { Network } from './network.js';

/** Sizes of a transformer encoder. */
export interface EncoderSize {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly vocabulary: number;
  /** Tokens a row; fixed, since positions are added from a table of this length. */
  readonly tokens: number;
}

/** BERT-base (Devlin et al. 2019): 12 layers of 768, 12 heads; 109 million weights with the embeddings. */
const baseEncoder: EncoderSize = { layers: 12, hidden: 768, heads: 12, vocabulary: 30_522, tokens: 128 };

function normalise(net: Network, x: string, hidden: number): string {
  return net.add('LayerNormalization', [x, net.fill(hidden, 1), net.fill(hidden, 0)], { axis: -1 });
}

/** softmax(Q K^T / sqrt(d)) V over heads, then a projection (Vaswani et al. 2017, section 3.2). */
function attention(net: Network, x: string, { hidden, heads, tokens }: EncoderSize): string {
  const depth = hidden / heads;
  const split = (perm: readonly number[]) => {
    const shaped = net.add('Reshape', [net.dense(x, [hidden, hidden]), net.integers(0, tokens, heads, depth)]);
    return net.add('Transpose', [shaped], { perm });
  };
  const [query, key, value] = [split([0, 2, 1, 3]), split([0, 2, 3, 1]), split([0, 2, 1, 3])];
  const scores = net.add('Div', [net.add('MatMul', [query, key]), net.fill(1, Math.sqrt(depth))]);
  const mixed = net.add('MatMul', [net.add('Softmax', [scores], { axis: -1 }), value]);
  const joined = net.add('Reshape', [
    net.add('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
    net.integers(0, tokens, hidden),
  ]);
  return net.dense(joined, [hidden, hidden]);
}

/** x Phi(x), written with Erf (Hendrycks and Gimpel 2016). */
function gelu(net: Network, x: string): string {
  const erf = net.add('Erf', [net.add('Div', [x, net.fill(1, Math.SQRT2)])]);
  return net.add('Mul', [net.add('Mul', [x, net.add('Add', [erf, net.fill(1, 1)])]), net.fill(1, 0.5)]);
}

/** An encoder: `input_ids` INT64 [batch,tokens] -> `embedding` FP32 [batch,hidden], the mean over tokens; random weights. */
export function buildEncoder(seed: number, size: EncoderSize = baseEncoder): Graph {
  const { layers, hidden, vocabulary, tokens } = size;
  const net = new Network(seed);
  const words = net.add('Gather', [net.weights([vocabulary, hidden], 1, 1), 'input_ids']);
  let x = normalise(net, net.add('Add', [words, net.weights([1, tokens, hidden], 1, 1)]), hidden);
  for (let layer = 0; layer < layers; layer++) {
    x = normalise(net, net.add('Add', [x, attention(net, x, size)]), hidden);
    const inner = net.dense(gelu(net, net.dense(x, [hidden, hidden * 4])), [hidden * 4, hidden]);
    x = normalise(net, net.add('Add', [x, inner]), hidden);
  }
  const mean = net.add('ReduceMean', [x], { axes: [1], keepdims: 0 });
  return net.graph('encoder', [{ name: 'input_ids', datatype: 'INT64', shape: ['batch', tokens] }], {
    name: 'embedding',
    datatype: 'FP32',
    shape: ['batch', hidden],
    from: mean,
  });
}
