import type { Graph, GraphNode, Initializer } from '../../src/model/onnx/writer.js';

type NodeParts = readonly [op: string, inputs: readonly string[], output: string, attributes?: GraphNode['attributes']];

/** A node with one output. */
export const node = (...[op, inputs, output, attributes = {}]: NodeParts): GraphNode => ({
  op,
  inputs,
  outputs: [output],
  attributes,
});
export const int64 = (name: string, ...values: number[]): Initializer => ({
  name,
  datatype: 'INT64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const scalar64 = (name: string, value: number): Initializer => ({ ...int64(name, value), shape: [] });
export const floats = (name: string, shape: readonly number[], ...values: number[]): Initializer => ({
  name,
  datatype: 'FP32',
  shape,
  data: Float32Array.from(values),
});

/** A model of X to Y, FP32 [batch,4] unless told otherwise. */
export function graphOf(name: string, nodes: readonly GraphNode[], more: Partial<Graph> = {}): Graph {
  const value = (name: string) => ({ name, datatype: 'FP32', shape: ['batch', 4] }) as const;
  return { name, inputs: [value('X')], outputs: [value('Y')], nodes, ...more };
}

export const ints = (name: string, shape: readonly (string | number)[]) =>
  ({ name, datatype: 'INT64', shape }) as const;

/** Models whose rows depend on each other, by what on. */
export const dependentRows: readonly (readonly [what: string, graph: Graph])[] = [
  [
    'on a third row',
    graphOf(
      'third',
      [
        node('Slice', ['X', 'two', 'three', 'axis'], 'S'),
        node('ReduceSum', ['S', 'axis'], 'T', { keepdims: 1 }),
        node('Add', ['X', 'T'], 'Y'),
      ],
      { initializers: [int64('two', 2), int64('three', 3), int64('axis', 0)] },
    ),
  ],
  [
    'on its position, by twos',
    graphOf(
      'position',
      [
        node('Shape', ['X'], 's', { end: 1 }),
        node('Squeeze', ['s'], 'n'),
        node('Range', ['zero', 'n', 'one'], 'r'),
        node('Div', ['r', 'two'], 'd'),
        node('Cast', ['d'], 'f', { to: 1 }),
        node('Unsqueeze', ['f', 'axis'], 'u'),
        node('Add', ['X', 'u'], 'Y'),
      ],
      { initializers: [scalar64('zero', 0), scalar64('one', 1), scalar64('two', 2), int64('axis', 1)] },
    ),
  ],
  [
    'on integers other than 0 and 1',
    graphOf(
      'integers',
      [
        node('Sub', ['X', 'one'], 'below'),
        node('Relu', ['below'], 'over', {}),
        node('ReduceMax', ['over'], 'most', { axes: [0], keepdims: 1 }),
        node('Add', ['X', 'most'], 'Y'),
      ],
      {
        inputs: [{ name: 'X', datatype: 'INT32', shape: ['batch', 4] }],
        outputs: [{ name: 'Y', datatype: 'INT32', shape: ['batch', 4] }],
        initializers: [{ name: 'one', datatype: 'INT32', shape: [1], data: Int32Array.of(1) }],
      },
    ),
  ],
  [
    'on integers behind a table that takes no more than seven',
    graphOf(
      'table',
      [
        node('Gather', ['table', 'X'], 'G'),
        node('Relu', ['G'], 'over'),
        node('ReduceMax', ['over'], 'most', { axes: [0], keepdims: 1 }),
        node('Add', ['G', 'most'], 'Y'),
      ],
      {
        inputs: [ints('X', ['batch', 4])],
        initializers: [floats('table', [7], 0, -1, 1, 2, 3, 4, 5)],
      },
    ),
  ],
  [
    'on floats below zero',
    graphOf('below', [
      node('Neg', ['X'], 'n'),
      node('ReduceMean', ['n'], 'm', { axes: [0], keepdims: 1 }),
      node('Relu', ['m'], 'r'),
      node('Add', ['X', 'r'], 'Y'),
    ]),
  ],
  [
    'on floats above ten',
    graphOf(
      'above',
      [
        node('Sub', ['X', 'ten'], 'd'),
        node('Relu', ['d'], 'r'),
        node('ReduceMax', ['r'], 'm', { axes: [0], keepdims: 1 }),
        node('Add', ['X', 'm'], 'Y'),
      ],
      { initializers: [floats('ten', [1], 10)] },
    ),
  ],
  [
    'only where another dimension is more than 1',
    graphOf('lengths', [node('Trilu', ['X'], 'Y', { upper: 0 })], {
      inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', 'length'] }],
      outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 'length'] }],
    }),
  ],
  [
    'by less than a thousandth of a large column',
    graphOf(
      'columns',
      [
        node('ReduceMean', ['X'], 'm', { axes: [0], keepdims: 1 }),
        node('Mul', ['m', 'small'], 's'),
        node('Add', ['X', 's'], 'a'),
        node('Add', ['a', 'bias'], 'Y'),
      ],
      { initializers: [floats('small', [1], 0.05), floats('bias', [4], 1e6, 0, 0, 0)] },
    ),
  ],
  [
    'by a few thousandths of its own values',
    graphOf(
      'little',
      [
        node('ReduceMean', ['X'], 'm', { axes: [0], keepdims: 1 }),
        node('Mul', ['m', 'small'], 's'),
        node('Add', ['X', 's'], 'Y'),
      ],
      { initializers: [floats('small', [1], 0.001)] },
    ),
  ],
  [
    'through the scale of a dynamic quantisation, behind a bias',
    graphOf(
      'dynamic',
      [
        { op: 'DynamicQuantizeLinear', inputs: ['X'], outputs: ['q', 'scale', 'zero'] },
        node('DequantizeLinear', ['q', 'scale', 'zero'], 'd'),
        node('Add', ['d', 'bias'], 'Y'),
      ],
      { initializers: [floats('bias', [1], 200)] },
    ),
  ],
];
