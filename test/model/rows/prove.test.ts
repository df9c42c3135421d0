import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Graph, GraphDim, GraphNode, Initializer } from '../../../src/model/onnx/writer.js';
import { proofOf } from './proof.js';

const ints = (name: string, ...values: readonly number[]): Initializer => ({
  name,
  datatype: 'INT64',
  shape: [values.length],
  data: BigInt64Array.from(values.map(BigInt)),
});
const weights = (name: string, ...shape: readonly number[]): Initializer => ({
  name,
  datatype: 'FP32',
  shape,
  data: new Float32Array(shape.reduce((product, dim) => product * dim, 1)).fill(0.5),
});
type Attributes = GraphNode['attributes'];

/** A node of one output: operator, inputs, output, and attributes where it has any. */
const node = (...[op, inputs, output, attributes = {}]: readonly [string, readonly string[], string, Attributes?]) => ({
  op,
  inputs,
  outputs: [output],
  attributes,
});

interface Case {
  readonly shape?: readonly GraphDim[];
  readonly nodes: readonly GraphNode[];
  readonly constants?: readonly Initializer[];
  readonly opset?: number;
}

/** A model from X to Y; the first dimension of both has no name, or names that say nothing. */
function graphOf({ shape = [null, 4], nodes, constants = [], opset = 17 }: Case): Graph {
  return {
    name: 'case',
    inputs: [{ name: 'X', datatype: 'FP32', shape }],
    outputs: [{ name: 'Y', datatype: 'FP32', shape: ['other', null] }],
    nodes,
    initializers: constants,
    opset,
  };
}

const proven: Readonly<Record<string, Case>> = {
  'element by element with constants of one row': {
    nodes: [node('Add', ['X', 'b'], 'a'), node('Mul', ['a', 'a'], 'c'), node('Relu', ['c'], 'Y')],
    constants: [weights('b', 1, 4)],
  },
  'weights on the right of the rows': {
    nodes: [node('MatMul', ['X', 'W'], 'a'), node('Gemm', ['a', 'V', 'c'], 'Y', { transB: 1 })],
    constants: [weights('W', 4, 3), weights('V', 5, 3), weights('c', 5)],
  },
  'a convolution, a pool and a flattening to a fixed width': {
    shape: [null, 3, 16, 16],
    nodes: [
      node('Conv', ['X', 'W'], 'a', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('MaxPool', ['a'], 'b', { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Reshape', ['b', 'target'], 'c'),
      node('MatMul', ['c', 'V'], 'Y'),
    ],
    constants: [weights('W', 8, 3, 3, 3), ints('target', -1, 512), weights('V', 512, 2)],
  },
  'a target shape computed from the number of rows': {
    shape: [null, 'tokens', 6],
    nodes: [
      node('Shape', ['X'], 's'),
      node('Gather', ['s', 'zero'], 'rows'),
      node('Gather', ['s', 'first'], 'tokens'),
      node('Concat', ['rows', 'tokens', 'heads', 'width'], 'target', { axis: 0 }),
      node('Reshape', ['X', 'target'], 'a'),
      node('Transpose', ['a'], 'b', { perm: [0, 2, 1, 3] }),
      node('Transpose', ['b'], 'c', { perm: [0, 2, 1, 3] }),
      node('Reshape', ['c', 'back'], 'Y'),
    ],
    constants: [ints('zero', 0), ints('first', 1), ints('heads', 2), ints('width', 3), ints('back', 0, 0, 6)],
  },
  'rows merged with tokens and parted again': {
    shape: [null, 'tokens', 6],
    nodes: [
      node('Shape', ['X'], 's'),
      node('Reshape', ['X', 'flat'], 'a'),
      node('MatMul', ['a', 'W'], 'b'),
      node('Softmax', ['b'], 'c', { axis: -1 }),
      node('Reshape', ['c', 's'], 'Y'),
    ],
    constants: [ints('flat', -1, 6), weights('W', 6, 6)],
  },
  'rows on the second axis and back, as sequences first have them': {
    shape: [null, 'time', 4],
    nodes: [
      node('Transpose', ['X'], 'a', { perm: [1, 0, 2] }),
      node('ReduceMax', ['a'], 'b', { axes: [0], keepdims: 1 }),
      node('Transpose', ['b'], 'Y', { perm: [1, 0, 2] }),
    ],
  },
  'a constant repeated for each row beside the data': {
    shape: [null, 2, 4],
    nodes: [
      node('Shape', ['X'], 's'),
      node('Gather', ['s', 'zero'], 'rows'),
      node('Concat', ['rows', 'one', 'width'], 'target', { axis: 0 }),
      node('Expand', ['token', 'target'], 'tokens'),
      node('Concat', ['tokens', 'X'], 'Y', { axis: 1 }),
    ],
    constants: [ints('zero', 0), ints('one', 1), ints('width', 4), weights('token', 1, 1, 4)],
  },
  'paddings turned round as exporters write them': {
    shape: [null, 3, 8, 8],
    nodes: [
      node('Reshape', ['pads', 'pairs'], 'a'),
      node('Slice', ['a', 'last', 'before', 'first', 'last'], 'b'),
      node('Transpose', ['b'], 'c', { perm: [1, 0] }),
      node('Reshape', ['c', 'last'], 'd'),
      node('Cast', ['d'], 'e', { to: 7 }),
      node('Pad', ['X', 'e'], 'f'),
      node('Flatten', ['f'], 'Y'),
    ],
    constants: [
      ints('pads', 1, 1, 2, 2, 0, 0, 0, 0),
      ...[ints('pairs', -1, 2), ints('last', -1), ints('first', 0), ints('before', -(2 ** 53))],
    ],
  },
  'a softmax over all axes behind the first, as before version 13': {
    shape: [null, 2, 4],
    nodes: [node('Softmax', ['X'], 'Y', { axis: 1 })],
    opset: 11,
  },
};

const mixed: Readonly<Record<string, readonly [Case, RegExp]>> = {
  'paddings that reach the rows': [
    {
      shape: [null, 4],
      nodes: [
        node('Reshape', ['pads', 'pairs'], 'a'),
        node('Reshape', ['a', 'list'], 'b'),
        node('Pad', ['X', 'b'], 'Y'),
      ],
      constants: [ints('pads', 1, 0, 0, 0), ints('pairs', -1, 2), ints('list', -1)],
    },
    /\(Pad\): it pads axis 0, on which the rows are/,
  ],
  'a softmax over all axes, as before version 13': [
    { shape: [null, 2, 4], nodes: [node('Softmax', ['X'], 'Y', { axis: 0 })], opset: 11 },
    /'Y' \(Softmax\): it computes over axis 0, on which the rows are/,
  ],
  'a constant with several rows': [
    { nodes: [node('Add', ['X', 'b'], 'Y')], constants: [weights('b', 2, 4)] },
    /\(Add\): an operand without rows has 2 elements where the others have the rows/,
  ],
  'a mean over the rows': [
    { nodes: [node('ReduceMean', ['X'], 'm', { axes: [0], keepdims: 1 }), node('Sub', ['X', 'm'], 'Y')] },
    /'m' \(ReduceMean\): it computes over axis 0/,
  ],
  'a mean over everything': [
    { nodes: [node('ReduceMean', ['X'], 'm'), node('Sub', ['X', 'm'], 'Y')] },
    /\(ReduceMean\)/,
  ],
  'a scale taken from all rows': [
    {
      nodes: [
        { op: 'DynamicQuantizeLinear', inputs: ['X'], outputs: ['q', 's', 'z'] },
        node('DequantizeLinear', ['q', 's', 'z'], 'Y'),
      ],
    },
    /DynamicQuantizeLinear\): it takes its scale from all rows together/,
  ],
  'the number of rows in the data': [
    {
      nodes: [
        node('Shape', ['X'], 's'),
        node('Gather', ['s', 'zero'], 'rows'),
        node('Cast', ['rows'], 'n', { to: 1 }),
        node('Div', ['X', 'n'], 'Y'),
      ],
      constants: [ints('zero', 0)],
    },
    /\(Div\): the number of rows reaches the data/,
  ],
  'products of rows with each other': [
    { nodes: [node('Transpose', ['X'], 't'), node('MatMul', ['X', 't'], 'Y')] },
    /\(MatMul\): it multiplies rows with each other/,
  ],
  'rows merged with tokens and left so': [
    { shape: [null, 'tokens', 6], nodes: [node('Reshape', ['X', 'flat'], 'Y')], constants: [ints('flat', -1, 6)] },
    /output 'Y' does not have one element of its first dimension for each row/,
  ],
  'rows that a transposition merges with another axis': [
    {
      shape: [null, 3, 6],
      nodes: [
        node('Transpose', ['X'], 'a', { perm: [1, 0, 2] }),
        node('Reshape', ['a', 'flat'], 'b'),
        node('Reshape', ['b', 'back'], 'Y'),
      ],
      constants: [ints('flat', -1, 6), ints('back', -1, 3, 6)],
    },
    /'Y' \(Reshape\): it/,
  ],
  'a state that goes from row to row': [
    { shape: [null, 3], nodes: [node('CumSum', ['X', 'axis'], 'Y')], constants: [ints('axis', 0)] },
    /\(CumSum\): it computes over axis 0/,
  ],
  'the first rows only': [
    {
      nodes: [node('Slice', ['X', 'start', 'end', 'axes'], 'Y')],
      constants: [ints('start', 0), ints('end', 1), ints('axes', 0)],
    },
    /\(Slice\): it cuts axis 0, on which the rows are/,
  ],
  'an operator that nobody knows': [
    { nodes: [{ ...node('Mystery', ['X'], 'Y'), domain: 'com.example' }] },
    /\(com\.example:Mystery\): this operator is not known to keep rows apart/,
  ],
  'an answer that is the same for all rows': [
    { nodes: [node('Identity', ['b'], 'Y')], constants: [weights('b', 1, 4)] },
    /output 'Y' does not depend on the rows/,
  ],
  'an input of one row': [
    { shape: [1, 4], nodes: [node('Relu', ['X'], 'Y')] },
    /input 'X' has no variable first dimension/,
  ],
};

describe('proveRows', () => {
  for (const [what, given] of Object.entries(proven)) {
    it(`proves ${what}`, () => assert.deepEqual(proofOf(graphOf(given)), { proven: true }));
  }
  for (const [what, [given, reason]] of Object.entries(mixed)) {
    it(`does not prove ${what}, and names the node`, () => {
      const proof = proofOf(graphOf(given));
      assert.match(proof.proven ? 'proven' : proof.reason, reason);
    });
  }
});
