import type { Graph, GraphNode, Initializer } from '../../../src/model/onnx/writer.js';

/** Sizes behind the rows of the inputs of every graph made here; one is variable. */
export const sizes = { tokens: 'tokens', width: 4 } as const;

interface Made {
  readonly name: string;
  /** Whether the shape is still that of the input, [rows, tokens, 4]. */
  readonly isWhole: boolean;
}

/** A step of a graph: its operator, the names that it takes beside the data, and what it does to the shape. */
interface Step {
  readonly op: string;
  readonly beside?: readonly string[];
  readonly attributes?: GraphNode['attributes'];
  readonly isSecond?: boolean;
  readonly breaksShape?: boolean;
}

const steps: readonly Step[] = [
  ...['Relu', 'Tanh', 'Neg', 'Sigmoid', 'Erf'].map((op) => ({ op })),
  ...['Add', 'Mul', 'Max'].flatMap((op) => [
    { op, isSecond: true },
    { op, beside: ['row'] },
    { op, beside: ['matrix'] },
    { op, beside: ['several'] },
    { op, beside: ['scalar'] },
  ]),
  { op: 'MatMul', beside: ['weights'] },
  ...[-1, 0, 1, 2].map((axis) => ({ op: 'Softmax', attributes: { axis } })),
  ...[-1, 0, 1].map((axis) => ({ op: 'LpNormalization', attributes: { axis } })),
  { op: 'LayerNormalization', beside: ['scale'], attributes: { axis: -1 } },
  ...['first', 'second', 'third'].map((axis) => ({ op: 'CumSum', beside: [axis] })),
  ...[
    [0, 1, 2],
    [1, 0, 2],
    [0, 2, 1],
    [2, 1, 0],
  ].map((perm) => ({ op: 'Transpose', attributes: { perm }, breaksShape: true })),
  ...[0, 1, 2].map((axis) => ({ op: 'Concat', isSecond: true, attributes: { axis }, breaksShape: true })),
  ...[[0], [1], [2]].map((axes) => ({ op: 'ReduceMean', attributes: { axes, keepdims: 1 }, breaksShape: true })),
  ...['flat', 'wide', 'kept', 'one'].map((target) => ({ op: 'Reshape', beside: [target], breaksShape: true })),
  ...[0, 1, 2].map((axis) => ({ op: 'Flatten', attributes: { axis }, breaksShape: true })),
  ...[0, 1].map((axis) => ({ op: 'Gather', beside: ['places'], attributes: { axis }, breaksShape: true })),
  ...['first', 'second', 'third'].map((axes) => ({ op: 'Slice', beside: ['zeros', 'ones', axes], breaksShape: true })),
  { op: 'ReduceSum', beside: ['first'], breaksShape: true },
  { op: 'Tile', beside: ['repeats'], breaksShape: true },
  { op: 'GlobalAveragePool', breaksShape: true },
];

const fp32 = (name: string, shape: readonly number[], values?: readonly number[]): Initializer => ({
  name,
  datatype: 'FP32',
  shape,
  data: Float32Array.from(
    values ??
      Array.from({ length: shape.reduce((product, dim) => product * dim, 1) }, (_, index) => (index % 7) / 4 - 0.6),
  ),
});
const int64 = (name: string, ...values: readonly number[]): Initializer => ({
  name,
  datatype: 'INT64',
  shape: [values.length],
  data: BigInt64Array.from(values.map(BigInt)),
});

const constants: readonly Initializer[] = [
  fp32('row', [4]),
  fp32('matrix', [1, 1, 4]),
  fp32('several', [3, 1, 1]),
  fp32('scalar', [], [0.75]),
  fp32('weights', [4, 4]),
  fp32('scale', [4]),
  ...[int64('flat', -1, 4), int64('wide', 0, -1), int64('kept', 0, 0, -1), int64('one', 1, -1, 4)],
  ...[int64('first', 0), int64('second', 1), int64('third', 2), int64('zeros', 0), int64('ones', 1)],
  ...[int64('places', 0, 0), int64('repeats', 2, 1, 1)],
];

/** A random graph of some steps from X, FP32 [rows, tokens, 4], to Y; it need not keep rows apart, nor run. */
export function randomRowGraph(random: () => number): Graph {
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!;
  const made: Made[] = [{ name: 'X', isWhole: true }];
  const nodes: GraphNode[] = [];
  const add = (node: Omit<GraphNode, 'outputs'>, isWhole: boolean) => {
    const name = `v${nodes.length}`;
    nodes.push({ ...node, outputs: [name] });
    made.push({ name, isWhole });
  };
  const count = 2 + Math.floor(random() * 5);
  while (nodes.length < count) {
    const step = pick(steps);
    // Mostly go on from the last value, so that graphs are deep.
    const from = random() < 0.8 ? made.at(-1)! : pick(made);
    const { op, attributes = {} } = step;
    const beside = step.isSecond === true ? [pick(made).name] : (step.beside ?? []);
    add({ op, attributes, inputs: [from.name, ...beside] }, from.isWhole && step.breaksShape !== true);
    if (op === 'Transpose' && random() < 0.7) add({ op, attributes, inputs: [made.at(-1)!.name] }, false);
    if (step.breaksShape === true && random() < 0.4) {
      add({ op: 'Shape', inputs: ['X'] }, false);
      add({ op: 'Reshape', inputs: [made.at(-2)!.name, made.at(-1)!.name] }, true);
    }
  }
  const last = made.at(-1)!.name;
  return {
    name: 'random',
    inputs: [{ name: 'X', datatype: 'FP32', shape: [null, sizes.tokens, sizes.width] }],
    outputs: [{ name: 'Y', datatype: 'FP32', shape: [null, null] }],
    nodes: [...nodes, { op: 'Reshape', inputs: [last, 'wide'], outputs: ['Y'] }],
    initializers: constants,
  };
}
