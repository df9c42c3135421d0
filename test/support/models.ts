import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeOnnx, type Graph, type GraphDim, type Initializer } from '../../src/model/onnx/writer.js';
import type { Datatype } from '../../src/tensor/datatype.js';

/** S = A + B and D = A - B on INT32 [batch,16]: the model of the protocol's table of cases. */
export const sumAndDifference: Graph = {
  name: 'sum-and-difference',
  inputs: ['A', 'B'].map((name) => ({ name, datatype: 'INT32', shape: ['batch', 16] })),
  outputs: ['S', 'D'].map((name) => ({ name, datatype: 'INT32', shape: ['batch', 16] })),
  nodes: [
    { op: 'Add', inputs: ['A', 'B'], outputs: ['S'] },
    { op: 'Sub', inputs: ['A', 'B'], outputs: ['D'] },
  ],
};

/** Y = X, of any datatype and shape that the runtime carries. */
export function identity(datatype: Datatype, shape: readonly GraphDim[]): Graph {
  return {
    name: `identity-${datatype.toLowerCase()}`,
    inputs: [{ name: 'X', datatype, shape }],
    outputs: [{ name: 'Y', datatype, shape }],
    nodes: [{ op: 'Identity', inputs: ['X'], outputs: ['Y'] }],
  };
}

/** Fails in the run, not before it, where a value of X (INT64 [batch,1]) is 3 or more: Gather from a table of three. */
export const failsOnLargeIndex: Graph = {
  name: 'fails-on-large-index',
  inputs: [{ name: 'X', datatype: 'INT64', shape: ['batch', 1] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 1] }],
  nodes: [{ op: 'Gather', inputs: ['table', 'X'], outputs: ['Y'] }],
  initializers: [{ name: 'table', datatype: 'FP32', shape: [3], data: Float32Array.of(10, 20, 30) }],
};

/** Y = the eighth of one tensor: every run fails, whatever X holds. */
export const failsAlways: Graph = {
  name: 'fails-always',
  inputs: [{ name: 'X', datatype: 'INT64', shape: ['batch', 1] }],
  outputs: [{ name: 'Y', datatype: 'INT64', shape: ['batch', 1] }],
  nodes: [
    { op: 'SequenceConstruct', inputs: ['X'], outputs: ['S'] },
    { op: 'SequenceAt', inputs: ['S', 'seven'], outputs: ['Y'] },
  ],
  initializers: [{ name: 'seven', datatype: 'INT64', shape: [], data: BigInt64Array.of(7n) }],
};

/** Puts a model into a repository folder as `<name>/<version>/model.onnx`, with a model.json when given. */
export async function putModel(
  repository: string,
  model: { readonly name: string; readonly version?: string; readonly graph: Graph; readonly config?: object },
): Promise<string> {
  const path = join(repository, model.name, model.version ?? '1', 'model.onnx');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, writeOnnx(model.graph));
  if (model.config !== undefined) {
    await writeFile(join(repository, model.name, 'model.json'), JSON.stringify(model.config));
  }
  return path;
}

/**
 * M = the largest element of X * W * W * ... (`steps` products of 512x512): a run that takes a few milliseconds a step, with
 * a request of four bytes. X is FP32 [1].
 */
export function slowProduct(steps: number): Graph {
  const weights = new Float32Array(512 * 512).fill(1 / 512);
  const products = Array.from({ length: steps }, (_, step) => ({
    op: 'MatMul',
    inputs: [`P${step}`, 'W'],
    outputs: [`P${step + 1}`],
  }));
  return {
    name: 'slow-product',
    inputs: [{ name: 'X', datatype: 'FP32', shape: [1] }],
    outputs: [{ name: 'M', datatype: 'FP32', shape: [1, 1] }],
    nodes: [
      { op: 'Mul', inputs: ['W', 'X'], outputs: ['P0'] },
      ...products,
      { op: 'ReduceMax', inputs: [`P${steps}`], outputs: ['M'] },
    ],
    initializers: [{ name: 'W', datatype: 'FP32', shape: [512, 512], data: weights }],
  };
}

/** Y = A / B (or their remainder) on INT64 [rows,1]: the smallest integer by -1 ends the process that runs it with SIGFPE. */
export function integerDivision(op: 'Div' | 'Mod' = 'Div'): Graph {
  return {
    name: 'integer-division',
    inputs: ['A', 'B'].map((name) => ({ name, datatype: 'INT64', shape: ['rows', 1] })),
    outputs: [{ name: 'Y', datatype: 'INT64', shape: ['rows', 1] }],
    nodes: [{ op, inputs: ['A', 'B'], outputs: ['Y'] }],
  };
}

const flag = { name: 'on', datatype: 'BOOL', shape: [] } as const;
const number = (name: string) => ({ name, datatype: 'INT64', shape: [] }) as const;

/** Y = X where L is 1000 or more; with less it counts up for ever, so that a run on made-up inputs never ends. */
export const loopsWhileTrue: Graph = {
  name: 'loops-while-true',
  inputs: [
    { name: 'X', datatype: 'INT64', shape: [] },
    { name: 'L', datatype: 'FP32', shape: [] },
  ],
  outputs: [{ name: 'Y', datatype: 'INT64', shape: [] }],
  nodes: [
    { op: 'Less', inputs: ['L', 'limit'], outputs: ['G'] },
    {
      op: 'Loop',
      inputs: ['', 'G', 'X'],
      outputs: ['Y'],
      attributes: {
        body: {
          graph: {
            name: 'body',
            inputs: [number('trip'), flag, number('x')],
            outputs: [
              { ...flag, name: 'still' },
              { ...number('x'), name: 'more' },
            ],
            nodes: [
              { op: 'Identity', inputs: ['on'], outputs: ['still'] },
              { op: 'Add', inputs: ['x', 'one'], outputs: ['more'] },
            ],
          },
        },
      },
    },
  ],
  initializers: [
    { name: 'limit', datatype: 'FP32', shape: [], data: Float32Array.of(1000) },
    { name: 'one', datatype: 'INT64', shape: [], data: BigInt64Array.of(1n) },
  ],
};

/** Y = X in lower case, by the rules of the locale en_US.UTF-8. */
export const lowerCase: Graph = {
  name: 'lower_case',
  inputs: [{ name: 'X', datatype: 'BYTES', shape: ['rows'] }],
  outputs: [{ name: 'Y', datatype: 'BYTES', shape: ['rows'] }],
  nodes: [
    {
      op: 'StringNormalizer',
      inputs: ['X'],
      outputs: ['Y'],
      attributes: { case_change_action: 'LOWER', is_case_sensitive: 1, locale: 'en_US.UTF-8' },
    },
  ],
};

/**
 * M = the largest element of P * P * P * ..., P = W + X (60 products of 4096x4096): a run that takes minutes, of a small file in
 * which nothing looks suspicious. X is FP32 [1].
 */
export const runsForMinutes: Graph = {
  name: 'runs-for-minutes',
  inputs: [{ name: 'X', datatype: 'FP32', shape: [1] }],
  outputs: [{ name: 'M', datatype: 'FP32', shape: [1, 1] }],
  nodes: [
    { op: 'ConstantOfShape', inputs: ['sides'], outputs: ['W'] },
    { op: 'Add', inputs: ['W', 'X'], outputs: ['P0'] },
    ...Array.from({ length: 60 }, (_, step) => ({
      op: 'MatMul',
      inputs: [`P${step}`, 'P0'],
      outputs: [`P${step + 1}`],
    })),
    { op: 'ReduceMax', inputs: ['P60'], outputs: ['M'] },
  ],
  initializers: [{ name: 'sides', datatype: 'INT64', shape: [2], data: BigInt64Array.of(4096n, 4096n) }],
};

export interface FoundBoxes {
  readonly name: string;
  readonly labels: readonly string[];
  readonly boxes: readonly {
    readonly box: readonly [x0: number, y0: number, x1: number, y1: number];
    readonly index: number;
    readonly score: number;
  }[];
  /** Of the image that the boxes are on. */
  readonly size: readonly [width: number, height: number];
}

/** A detector of YOLOv8's form that finds these boxes on every image of this size, which it sees in 64x64 with bars above and below. */
export function findsBoxes({ name, labels, boxes, size: [width, height] }: FoundBoxes): Graph {
  const factor = 64 / width;
  const barRows = (64 - height * factor) / 2;
  const rows = boxes.map(({ box: [x0, y0, x1, y1], index, score }) => [
    ...[((x0 + x1) / 2) * factor, ((y0 + y1) / 2) * factor + barRows, (x1 - x0) * factor, (y1 - y0) * factor],
    ...labels.map((_, at) => (at === index ? score : 0)),
  ]);
  const fields = 4 + labels.length;
  const data = Float32Array.from({ length: fields * rows.length }, (_, n) => {
    return rows[n % rows.length]![Math.floor(n / rows.length)]!;
  });
  const shape = [1, fields, rows.length];
  return {
    name,
    inputs: [{ name: 'images', datatype: 'FP32', shape: [1, 3, 64, 64] }],
    outputs: [{ name: 'output0', datatype: 'FP32', shape }],
    nodes: [
      { op: 'ReduceMean', inputs: ['images'], outputs: ['mean'], attributes: { keepdims: 0 } },
      { op: 'Mul', inputs: ['mean', 'nought'], outputs: ['nothing'] },
      { op: 'Add', inputs: ['values', 'nothing'], outputs: ['output0'] },
    ],
    initializers: [
      { name: 'nought', datatype: 'FP32', shape: [], data: Float32Array.of(0) },
      { name: 'values', datatype: 'FP32', shape, data },
    ],
  };
}

/** The mean of each channel of an image of 8x8 as three classes. */
export const channelMeans: Graph = {
  name: 'channel-means',
  inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 3, 8, 8] }],
  outputs: [{ name: 'scores', datatype: 'FP32', shape: [1, 3] }],
  nodes: [{ op: 'ReduceMean', inputs: ['image'], outputs: ['scores'], attributes: { axes: [2, 3], keepdims: 0 } }],
};

/**
 * Y = (X by `op`, which changes nothing) * (1 / 1) + 0 of FP32 [batch,4]: X as it is, from which the runtime's optimiser makes an invalid
 * graph.
 */
export function oneOfDivision(op: 'Identity' | 'Dropout' | 'Cast', isFirst: boolean): Graph {
  const scalar = (name: string, value: number): Initializer => ({
    name,
    datatype: 'FP32',
    shape: [],
    data: Float32Array.of(value),
  });
  return {
    name: 'one-of-division',
    inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', 4] }],
    outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 4] }],
    nodes: [
      { op, inputs: ['X'], outputs: ['mid'], ...(op === 'Cast' && { attributes: { to: 1 } }) },
      { op: 'Div', inputs: ['a', 'b'], outputs: ['one'] },
      { op: 'Mul', inputs: isFirst ? ['mid', 'one'] : ['one', 'mid'], outputs: ['product'] },
      { op: 'Add', inputs: ['product', 'zero'], outputs: ['Y'] },
    ],
    initializers: [scalar('a', 1), scalar('b', 1), scalar('zero', 0)],
  };
}
