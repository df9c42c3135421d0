import type { ModelJson } from '../../../src/model/config-schema.js';
import type { DetectionForm } from '../../../src/model/tasks/detection-config.js';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { createRandom } from '../../../src/tensor/random.js';
import { around, bestOf, softmax, type Found } from './reference.js';

/** An output's values by name, as FP32, with its shape. */
export type Outputs = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: Float32Array<ArrayBuffer> }>
>;

/** A form with made-up outputs, what its model.json says, and its boxes read off by the definition. */
export interface FormCase {
  readonly name: string;
  readonly detection: NonNullable<ModelJson['detection']>;
  readonly outputs: Outputs;
  readonly all: readonly Found[];
  /** Whether boxes give way to better ones, unless the request says so. */
  readonly isSuppressed: boolean;
}

export const inputSize = 64;
const [boxes, classes] = [300, 4];
const rowsOf = (data: Float32Array, fields: number): readonly (readonly number[])[] =>
  Array.from({ length: data.length / fields }, (_, row) => [...data.subarray(row * fields, (row + 1) * fields)]);
const pixels = (box: readonly number[]) => box.map((value) => value * inputSize);

/** Every form with drawn outputs: boxes over the edges, small and large ones, many that overlap. */
export function drawForms(seed: number): readonly FormCase[] {
  const random = createRandom(seed);
  const draw = (length: number, at: (n: number) => number) => Float32Array.from({ length }, (_, n) => at(n));
  /** Relative to the input. */
  const centred = Array.from({ length: boxes }, () => [
    random() * 1.2 - 0.1,
    random() * 1.2 - 0.1,
    0.05 + random() * 0.4,
    0.05 + random() * 0.4,
  ]);
  const scores = () => Array.from({ length: boxes }, () => Array.from({ length: classes }, () => random()));
  const perBox = [scores(), scores()] as const;
  const flat = (rows: readonly (readonly number[])[]) => Float32Array.from(rows.flat());
  const table = (name: string, shape: readonly number[], data: Float32Array<ArrayBuffer>) => ({
    [name]: { shape, data },
  });

  const yolov5 = flat(centred.map((box, n) => [...pixels(box), random(), ...perBox[0][n]!]));
  const tall = flat(centred.map((box, n) => [...pixels(box), ...perBox[1][n]!]));
  const wide = flat(centred.map((box, n) => [...box, ...perBox[1][n]!]));
  const yolov8 = draw(tall.length, (n) => tall[(n % boxes) * (4 + classes) + Math.floor(n / boxes)]!);
  const finished = flat(centred.map((box) => [...pixels(around(box)), random(), Math.floor(random() * classes)]));
  const corners = flat(centred.map(around));
  const table4 = flat(scores());
  const logits = flat(scores().map((row) => row.map((value) => value * 12 - 6)));
  const centres = flat(centred);
  const listed = draw(boxes, () => random());
  const numbers = draw(boxes, () => Math.floor(random() * classes));
  const offsets = draw(boxes * 4, () => random() * 4 - 2);
  // 8x8 cells with three sides each, then 4x4 cells with seven.
  const sides = [
    [6, 9, 12],
    [10, 16, 20, 24, 28, 40, 7],
  ];
  const grid = [8, 16].flatMap((stride, level) =>
    Array.from({ length: (inputSize / stride) ** 2 }, (_, cell) => cell).flatMap((cell) => {
      const across = inputSize / stride;
      const centre = [cell % across, Math.floor(cell / across)].map((at) => ((at + 0.5) * stride) / inputSize);
      return sides[level]!.map((side) => [...centre, side / inputSize, side / inputSize]);
    }),
  );
  const gridOffsets = draw(grid.length * 4, () => random() * 4 - 2);
  const gridScores = draw(grid.length * 2, () => random());
  const priors = flat(centred);

  const decode = (
    [dx = 0, dy = 0, dw = 0, dh = 0]: readonly number[],
    [cx = 0, cy = 0, w = 0, h = 0]: readonly number[],
  ) => pixels(around([cx + dx * 0.1 * w, cy + dy * 0.1 * h, w * Math.exp(dw * 0.2), h * Math.exp(dh * 0.2)]));
  const everyClass = (box: readonly number[], row: readonly number[], first: number): Found[] =>
    row.flatMap((score, index) => (index < first ? [] : [{ box, index, score }]));
  const best = (box: readonly number[], row: readonly number[]): Found[] => {
    const [index, score] = bestOf(row);
    return [{ box, index, score }];
  };
  const of = (form: DetectionForm, more: object = {}) => ({ form, ...more });

  return [
    {
      name: 'yolov5',
      detection: of('yolov5'),
      outputs: table('output', [1, boxes, 5 + classes], yolov5),
      all: rowsOf(yolov5, 5 + classes).flatMap(([cx, cy, w, h, object, ...row]) =>
        best(
          around([cx!, cy!, w!, h!]),
          row.map((score) => score * object!),
        ),
      ),
      isSuppressed: true,
    },
    {
      name: 'yolov8',
      detection: of('yolov8'),
      outputs: table('output0', [1, 4 + classes, boxes], yolov8),
      all: rowsOf(tall, 4 + classes).flatMap((row) => best(around(row), row.slice(4))),
      isSuppressed: true,
    },
    {
      name: 'yolov8 across classes',
      detection: of('yolov8', { suppress: 'all' }),
      outputs: table('output0', [1, 4 + classes, boxes], yolov8),
      all: rowsOf(tall, 4 + classes).flatMap((row) => best(around(row), row.slice(4))),
      isSuppressed: true,
    },
    {
      name: 'rt-detr',
      detection: of('rt-detr'),
      outputs: table('output0', [1, boxes, 4 + classes], wide),
      all: rowsOf(wide, 4 + classes).flatMap((row) => best(pixels(around(row)), row.slice(4))),
      isSuppressed: false,
    },
    {
      name: 'yolov8, transposed',
      detection: of('rt-detr', { units: 'pixels', suppress: 'class' }),
      outputs: table('output0', [1, boxes, 4 + classes], tall),
      all: rowsOf(tall, 4 + classes).flatMap((row) => best(around(row), row.slice(4))),
      isSuppressed: true,
    },
    {
      name: 'end-to-end',
      detection: of('end-to-end'),
      outputs: table('output0', [1, boxes, 6], finished),
      all: rowsOf(finished, 6).map((row) => ({ box: row.slice(0, 4), score: row[4]!, index: row[5]! })),
      isSuppressed: false,
    },
    {
      name: 'ssd, decoded',
      detection: of('ssd'),
      outputs: { ...table('scores', [1, boxes, classes], table4), ...table('boxes', [1, boxes, 4], corners) },
      all: rowsOf(corners, 4).flatMap((box, n) => everyClass(pixels(box), rowsOf(table4, classes)[n]!, 1)),
      isSuppressed: true,
    },
    {
      name: 'ssd with priors as an output',
      detection: of('ssd', { boxes: 'loc', priors: { output: 'priors' }, background: 'none' }),
      outputs: {
        ...table('loc', [1, boxes, 4], offsets),
        ...table('conf', [1, boxes, classes], table4),
        ...table('priors', [boxes, 4], priors),
      },
      all: rowsOf(offsets, 4).flatMap((box, n) =>
        everyClass(decode(box, rowsOf(priors, 4)[n]!), rowsOf(table4, classes)[n]!, 0),
      ),
      isSuppressed: true,
    },
    {
      name: 'ssd with priors on grids',
      detection: of('ssd', { priors: { strides: [8, 16], sizes: sides } }),
      outputs: {
        ...table('loc', [1, grid.length, 4], gridOffsets),
        ...table('conf', [1, grid.length, 2], gridScores),
      },
      all: rowsOf(gridOffsets, 4).flatMap((box, n) => everyClass(decode(box, grid[n]!), rowsOf(gridScores, 2)[n]!, 1)),
      isSuppressed: true,
    },
    {
      name: 'detr',
      detection: of('detr'),
      outputs: { ...table('logits', [1, boxes, classes], logits), ...table('pred_boxes', [1, boxes, 4], centres) },
      all: rowsOf(centres, 4).flatMap((box, n) =>
        best(pixels(around(box)), softmax(rowsOf(logits, classes)[n]!).slice(0, -1)),
      ),
      isSuppressed: false,
    },
    {
      name: 'detr with sigmoid',
      detection: of('detr', { activation: 'sigmoid' }),
      outputs: { ...table('logits', [1, boxes, classes], logits), ...table('pred_boxes', [1, boxes, 4], centres) },
      all: rowsOf(centres, 4).flatMap((box, n) =>
        everyClass(
          pixels(around(box)),
          rowsOf(logits, classes)[n]!.map((logit) => 1 / (1 + Math.exp(-logit))),
          0,
        ),
      ),
      isSuppressed: false,
    },
    {
      name: 'two-stage',
      detection: of('two-stage'),
      outputs: {
        ...table(
          'boxes',
          [boxes, 4],
          corners.map((value) => value * inputSize),
        ),
        ...table('labels', [boxes], numbers),
        ...table('scores', [boxes], listed),
      },
      all: rowsOf(corners, 4).map((box, n) => ({
        box: box.map((value) => Math.fround(value * inputSize)),
        index: numbers[n]!,
        score: listed[n]!,
      })),
      isSuppressed: false,
    },
  ];
}

/** A model that answers the outputs whatever it sees: each is its values plus nought times the image's mean. */
export function constantModel(outputs: Outputs): Graph {
  const names = Object.keys(outputs);
  return {
    name: 'constant',
    inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 3, inputSize, inputSize] }],
    outputs: names.map((name) => ({ name, datatype: 'FP32', shape: outputs[name]!.shape })),
    nodes: [
      { op: 'ReduceMean', inputs: ['image'], outputs: ['mean'], attributes: { keepdims: 0 } },
      { op: 'Mul', inputs: ['mean', 'nought'], outputs: ['nothing'] },
      ...names.map((name) => ({ op: 'Add', inputs: [`${name}-values`, 'nothing'], outputs: [name] })),
    ],
    initializers: [
      { name: 'nought', datatype: 'FP32', shape: [], data: Float32Array.of(0) },
      ...names.map((name) => ({ name: `${name}-values`, datatype: 'FP32', ...outputs[name]! }) as const),
    ],
  };
}
