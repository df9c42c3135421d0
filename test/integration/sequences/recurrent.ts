import type { Graph, Initializer } from '../../../src/model/onnx/writer.js';

/** Numbers from -0.5 to 0.5 that are the same each time. */
export function drawNumbers(length: number, seed: number): Float32Array<ArrayBuffer> {
  let value = seed;
  return Float32Array.from({ length }, () => {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    return value / 2 ** 32 - 0.5;
  });
}

const hidden = 64;

function layer(n: number, inputSize: number): readonly Initializer[] {
  const weights = (name: string, shape: readonly number[], seed: number): Initializer => ({
    name: `${name}${n}`,
    datatype: 'FP32',
    shape,
    data: drawNumbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
  });
  return [
    weights('W', [1, 3 * hidden, inputSize], 7 * n),
    weights('R', [1, 3 * hidden, hidden], 7 * n + 1),
    weights('B', [1, 6 * hidden], 7 * n + 2),
  ];
}

const integers = (name: string, values: readonly bigint[]): Initializer => ({
  name,
  datatype: 'INT64',
  shape: [values.length],
  data: BigInt64Array.from(values),
});

/** Two GRU layers over samples FP32 [N,T] with the state FP32 [2,N,64], as voice activity detectors have it: P FP32 [N,1] and the next state. */
export const recurrent: Graph = {
  name: 'recurrent',
  inputs: [
    { name: 'samples', datatype: 'FP32', shape: ['N', 'T'] },
    { name: 'state', datatype: 'FP32', shape: [2, 'N', hidden] },
  ],
  outputs: [
    { name: 'P', datatype: 'FP32', shape: ['N', 1] },
    { name: 'stateN', datatype: 'FP32', shape: [2, 'N', hidden] },
  ],
  nodes: [
    { op: 'Transpose', inputs: ['samples'], outputs: ['steps'], attributes: { perm: [1, 0] } },
    { op: 'Unsqueeze', inputs: ['steps', 'last'], outputs: ['X1'] },
    { op: 'Split', inputs: ['state'], outputs: ['h1', 'h2'], attributes: { axis: 0 } },
    {
      op: 'GRU',
      inputs: ['X1', 'W1', 'R1', 'B1', '', 'h1'],
      outputs: ['Y1', 'n1'],
      attributes: { hidden_size: hidden },
    },
    { op: 'Squeeze', inputs: ['Y1', 'one'], outputs: ['X2'] },
    {
      op: 'GRU',
      inputs: ['X2', 'W2', 'R2', 'B2', '', 'h2'],
      outputs: ['Y2', 'n2'],
      attributes: { hidden_size: hidden },
    },
    { op: 'Concat', inputs: ['n1', 'n2'], outputs: ['stateN'], attributes: { axis: 0 } },
    { op: 'Squeeze', inputs: ['n2', 'zero'], outputs: ['end'] },
    { op: 'MatMul', inputs: ['end', 'V'], outputs: ['raw'] },
    { op: 'Sigmoid', inputs: ['raw'], outputs: ['P'] },
  ],
  initializers: [
    ...layer(1, 1),
    ...layer(2, hidden),
    { name: 'V', datatype: 'FP32', shape: [hidden, 1], data: drawNumbers(hidden, 99) },
    integers('zero', [0n]),
    integers('one', [1n]),
    integers('last', [2n]),
  ],
};

/** What model.json says of it. */
export const recurrentState = { sequences: { state: [{ input: 'state', output: 'stateN' }] } };

/** Y = S + X on FP32 [N,3]: rows of several sequences may share a run. */
export const accumulator: Graph = {
  name: 'accumulator',
  inputs: ['X', 'S'].map((name) => ({ name, datatype: 'FP32' as const, shape: ['N', 3] })),
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['N', 3] }],
  nodes: [{ op: 'Add', inputs: ['S', 'X'], outputs: ['Y'] }],
};

/** What model.json says of it. */
export const accumulatorState = { sequences: { state: [{ input: 'S', output: 'Y' }] } };
