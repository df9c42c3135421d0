import type { Graph } from '../../../src/model/onnx/writer.js';
import { createRandom } from '../../../src/tensor/random.js';

const vocabulary = 2000;

/** Numbers of a token's vector. */
export const size = 4;
const random = createRandom(3);

/** A vector for each token. */
export const table = Float32Array.from({ length: vocabulary * size }, () => random() * 4 - 2);
const names = ['input_ids', 'attention_mask', 'token_type_ids'] as const;
const inputs = names.map((name) => ({ name, datatype: 'INT64', shape: ['batch', 'tokens'] }) as const);

/** Each token's row of the table, plus its type: a vector for each token. */
export const tokenVectors: Graph = {
  name: 'token-vectors',
  inputs,
  outputs: [{ name: 'last_hidden_state', datatype: 'FP32', shape: ['batch', 'tokens', size] }],
  nodes: [
    { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['rows'] },
    { op: 'Cast', inputs: ['token_type_ids'], outputs: ['types'], attributes: { to: 1 } },
    { op: 'Unsqueeze', inputs: ['types', 'last'], outputs: ['wide'] },
    { op: 'Add', inputs: ['rows', 'wide'], outputs: ['typed'] },
    { op: 'Cast', inputs: ['attention_mask'], outputs: ['marks'], attributes: { to: 1 } },
    { op: 'Unsqueeze', inputs: ['marks', 'last'], outputs: ['counted'] },
    { op: 'Mul', inputs: ['typed', 'counted'], outputs: ['last_hidden_state'] },
  ],
  initializers: [
    { name: 'table', datatype: 'FP32', shape: [vocabulary, size], data: table },
    { name: 'last', datatype: 'INT64', shape: [1], data: BigInt64Array.of(-1n) },
  ],
};

/** The same, one more in each number of a token that counts: padding has vectors of its own, as it has in most models. */
export const unmaskedVectors: Graph = {
  ...tokenVectors,
  name: 'unmasked-vectors',
  nodes: tokenVectors.nodes.map((node) => (node.op === 'Mul' ? { ...node, op: 'Add' } : node)),
};

/** The sums of the vectors of tokens that count as logits. */
export const classifier: Graph = {
  ...tokenVectors,
  name: 'classifier',
  outputs: [{ name: 'logits', datatype: 'FP32', shape: ['batch', size] }],
  nodes: [
    ...tokenVectors.nodes,
    {
      op: 'ReduceSum',
      inputs: ['last_hidden_state', 'one'],
      outputs: ['logits'],
      attributes: { keepdims: 0 },
    },
  ],
  initializers: [
    ...tokenVectors.initializers!,
    { name: 'one', datatype: 'INT64', shape: [1], data: BigInt64Array.of(1n) },
  ],
};
