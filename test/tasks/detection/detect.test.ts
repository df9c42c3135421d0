import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Placement } from '../../../src/image/placement.js';
import { completeDetection } from '../../../src/model/complete/complete-detection.js';
import type { ModelJson } from '../../../src/model/config-schema.js';
import type { OnnxHeader } from '../../../src/model/config.js';
import { detect } from '../../../src/tasks/detection/detect.js';
import { labelsFor } from '../../../src/tasks/detection/labels.js';
import type { DetectionOptions } from '../../../src/tasks/detection/types.js';
import { toHalfBits } from '../../../src/tensor/half.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { headerOf, value } from '../../model/headers.js';

type Json = NonNullable<ModelJson['detection']>;

const whole: Placement = { scaleX: 1, scaleY: 1, padX: 0, padY: 0, imageWidth: 100, imageHeight: 100 };
const fp32 = (shape: readonly number[], ...data: readonly number[]): Tensor => ({
  datatype: 'FP32',
  shape,
  data: Float32Array.from(data),
});

function run(
  json: Json,
  outputs: Readonly<Record<string, Tensor>>,
  { placements = [whole], ...asked }: Partial<DetectionOptions> & { readonly placements?: readonly Placement[] } = {},
) {
  const config = completeDetection(json, headerFor(outputs), undefined);
  return detect({
    config,
    outputs: new Map(Object.entries(outputs)),
    input: { width: 100, height: 100 },
    placements,
    asked: { score: config.score, max: config.max, iou: undefined, ...asked },
  });
}

const headerFor = (outputs: Readonly<Record<string, Tensor>>): OnnxHeader =>
  headerOf(
    [value('image', [null, 3, 100, 100])],
    Object.entries(outputs).map(([name, { datatype, shape }]) => value(name, [...shape], datatype)),
  );

/** Detections as lists of x0, y0, x1, y1, class, score. */
const listOf = (rows: ReturnType<typeof run>, row = 0): readonly (readonly number[])[] => {
  const values = [...rows[row]!.values];
  return Array.from({ length: values.length / 6 }, (_, n) => values.slice(n * 6, n * 6 + 6));
};
const finished: Json = { form: 'end-to-end' };
const tableOf = (...rows: readonly (readonly number[])[]) => ({ out: fp32([1, rows.length, 6], ...rows.flat()) });

describe('detections', () => {
  it('are none where there are no boxes, and one where there is one', () => {
    assert.deepEqual(listOf(run(finished, { out: fp32([1, 0, 6]) })), []);
    assert.deepEqual(listOf(run(finished, tableOf([1, 2, 3, 4, 0.5, 7]))), [[1, 2, 3, 4, 7, 0.5]]);
  });

  it('of equal scores come in the order of the boxes, and of one box in that of the classes', () => {
    const rows = [1, 2, 3].map((at) => [at * 20, 0, at * 20 + 5, 5, 0.5, 3 - at]);
    assert.deepEqual(
      listOf(run(finished, tableOf(...rows))).map(([x0]) => x0),
      [20, 40, 60],
    );
    const outputs = { boxes: fp32([1, 1, 4], 0, 0, 0.5, 0.5), scores: fp32([1, 1, 4], 0.9, 0.5, 0.75, 0.5) };
    assert.deepEqual(
      listOf(run({ form: 'ssd' }, outputs)).map(([, , , , index]) => index),
      [2, 1, 3],
    );
  });

  it('take the first of equal classes', () => {
    const row = [10, 10, 4, 4, 0.25, 0.75, 0.75, 0.5];
    const wide = fp32([1, 1, 9], ...row.slice(0, 4), 1, ...row.slice(4));
    const tall = fp32([1, 8, 1], ...row);
    assert.deepEqual(listOf(run({ form: 'yolov5' }, { out: wide })), [[8, 8, 12, 12, 1, 0.75]]);
    assert.deepEqual(listOf(run({ form: 'yolov8' }, { out: tall })), [[8, 8, 12, 12, 1, 0.75]]);
  });

  it('reach the least score, or a higher one', () => {
    const outputs = tableOf([0, 0, 9, 9, 0.5, 0], [20, 20, 29, 29, 0.49999997, 0]);
    assert.equal(listOf(run(finished, outputs, { score: 0.5 })).length, 1);
  });

  it('leave out boxes whose scores or corners are no finite numbers, and count them', () => {
    const rows = [
      [NaN, 0, 9, 9, 0.9, 0],
      [0, 0, Infinity, 9, 0.9, 0],
      [0, 0, 9, 9, NaN, 0],
      [0, 0, 9, 9, Infinity, 0],
      [0, 0, 9, 9, -Infinity, 0],
      [0, 0, 9, 9, 0.5, 0],
    ];
    const [row] = run(finished, tableOf(...rows));
    assert.deepEqual([row?.values.length, row?.nonFinite], [6, 4]);
    for (const form of ['yolov5', 'yolov8'] as const) {
      const one = form === 'yolov5' ? [10, 10, 4, 4, 1, 0.5, NaN, 0.75] : [10, 10, 4, 4, 0.5, NaN, 0.75];
      const shape = form === 'yolov5' ? [1, 1, one.length] : [1, one.length, 1];
      const [broken] = run({ form }, { out: fp32(shape, ...one) });
      assert.deepEqual([broken?.values.length, broken?.nonFinite], [0, 1]);
    }
    for (const logits of [
      [1, NaN, 2],
      [Infinity, 1, 2],
      [-Infinity, -Infinity, -Infinity],
    ]) {
      const outputs = { boxes: fp32([1, 1, 4], 0.5, 0.5, 0.5, 0.5), logits: fp32([1, 1, 3], ...logits) };
      const [broken] = run({ form: 'detr' }, outputs);
      assert.deepEqual([broken?.values.length, broken?.nonFinite], [0, 1]);
    }
  });

  it('are cut at the edges of the image, and none where no part lies in it', () => {
    const rows = [
      [-50, -3, 40, 300, 0.9, 0],
      [-20, -20, -10, -10, 0.8, 0],
      [-20, 0, 0, 10, 0.8, 0],
      [100, 0, 120, 10, 0.8, 0],
      [5, 5, 5, 9, 0.8, 0],
      [9, 9, 5, 5, 0.8, 0],
      [90, 90, 1e30, 1e30, 0.7, 0],
    ];
    assert.deepEqual(
      listOf(run(finished, tableOf(...rows))).map((found) => found.slice(0, 4)),
      [
        [0, 0, 40, 100],
        [90, 90, 100, 100],
      ],
    );
  });

  it('give way to better ones of their class beyond the overlap, not at it', () => {
    // Two of 10x10 that share 5x10: 50 of 150.
    const third = [
      [0, 0, 10, 10, 0.9, 0],
      [5, 0, 15, 10, 0.8, 0],
      [5, 0, 15, 10, 0.7, 1],
    ];
    const classesOf = (more: object, json: Json = finished) =>
      listOf(run(json, tableOf(...third), more)).map(([, , , , index, score]) => [index, Math.round(score! * 10)]);
    assert.deepEqual(classesOf({}).length, 3);
    assert.deepEqual(classesOf({ iou: 1 / 3 }).length, 3);
    assert.deepEqual(classesOf({ iou: 0.3333 }), [
      [0, 9],
      [1, 7],
    ]);
    assert.deepEqual(classesOf({ iou: 0.3333 }, { ...finished, suppress: 'all' }), [[0, 9]]);
    assert.deepEqual(classesOf({}, { ...finished, suppress: 'all', iou: 0.3 }), [[0, 9]]);
  });

  it('do not give way to one that gave way itself', () => {
    const chain = [0, 4, 8].map((at, n) => [at, 0, at + 10, 10, 0.9 - n / 10, 0]);
    assert.deepEqual(
      listOf(run(finished, tableOf(...chain), { iou: 0.4 })).map(([x0]) => x0),
      [0, 8],
    );
  });

  it('are at most as many as wanted, of thousands', () => {
    const rows = Array.from({ length: 5000 }, (_, n) => [
      n % 90,
      n % 70,
      (n % 90) + 5,
      (n % 70) + 5,
      ((n * 7919) % 5000) / 5000,
      n % 3,
    ]);
    for (const max of [1, 100, 5000]) {
      const scores = listOf(run(finished, tableOf(...rows), { score: 0, max })).map((found) => found[5]!);
      assert.equal(scores.length, max);
      assert.deepEqual(
        scores,
        [...scores].sort((a, b) => b - a),
      );
    }
  });

  it('are undone of scale and bars for each image by itself', () => {
    const table = fp32([2, 1, 6], 10, 20, 30, 40, 0.5, 0, 10, 20, 30, 40, 0.5, 0);
    const second: Placement = { scaleX: 0.5, scaleY: 0.25, padX: 8, padY: -10, imageWidth: 500, imageHeight: 500 };
    const rows = run(finished, { out: table }, { placements: [whole, second] });
    assert.deepEqual(listOf(rows, 0)[0]?.slice(0, 4), [10, 20, 30, 40]);
    assert.deepEqual(listOf(rows, 1)[0]?.slice(0, 4), [4, 120, 44, 200]);
  });

  it('are read off halves, doubles and integers', () => {
    const two = (boxes: Tensor, scores: Tensor, labels: Tensor) =>
      run({ form: 'two-stage' }, { boxes, scores, labels });
    const halves = Uint16Array.from([10, 20, 30, 40].map(toHalfBits));
    const half = { datatype: 'FP16', shape: [1, 4], data: halves } as const;
    const score = { datatype: 'FP64', shape: [1], data: Float64Array.of(0.1 + 0.7) } as const;
    const label = { datatype: 'INT64', shape: [1], data: BigInt64Array.of(91n) } as const;
    assert.deepEqual(listOf(two(half, score, label)), [[10, 20, 30, 40, 91, 0.1 + 0.7]]);
  });

  it('of corners with y before x, or of a corner and a size, are the same', () => {
    const boxes: Readonly<Record<string, readonly number[]>> = {
      xyxy: [1, 2, 4, 8],
      yxyx: [2, 1, 8, 4],
      xywh: [1, 2, 3, 6],
      cxcywh: [2.5, 5, 3, 6],
    };
    for (const [coordinates, box] of Object.entries(boxes)) {
      const outputs = { boxes: fp32([1, 4], ...box), scores: fp32([1], 0.5), labels: fp32([1], 0) };
      const json = { form: 'two-stage', coordinates: coordinates as NonNullable<Json['coordinates']> } as const;
      assert.deepEqual(listOf(run(json, outputs))[0]?.slice(0, 4), [1, 2, 4, 8]);
    }
  });

  it('skip what lists are filled up with', () => {
    assert.deepEqual(listOf(run(finished, tableOf([0, 0, 9, 9, 0, -1], [0, 0, 0, 0, 0, 0]), { score: 0 })), []);
  });

  it('are refused where scores are none, classes no numbers of classes, or shapes others', () => {
    const refused = (json: Json, outputs: Readonly<Record<string, Tensor>>, message: RegExp) =>
      assert.throws(() => run(json, outputs), { code: 'MODEL_INVALID', message });
    refused(finished, tableOf([0, 0, 9, 9, 5, 1]), /a score of 5, expected 0 to 1: set detection\.activation/);
    refused(finished, tableOf([0, 0, 9, 9, 0.5, 0.25]), /class number 0\.25, expected a whole number/);
    const config = completeDetection(
      { form: 'ssd' },
      headerFor({ boxes: fp32([1, 2, 4]), scores: fp32([1, 2, 3]) }),
      undefined,
    );
    const of = (boxes: Tensor, scores: Tensor) => () =>
      detect({
        config,
        outputs: new Map([
          ['boxes', boxes],
          ['scores', scores],
        ]),
        input: { width: 9, height: 9 },
        placements: [whole],
        asked: { score: 0, max: 1, iou: undefined },
      });
    const zeros = (...shape: readonly number[]) =>
      fp32(shape, ...new Array<number>(shape.reduce((a, b) => a * b)).fill(0));
    assert.throws(of(zeros(1, 2, 4), zeros(1, 3, 3)), /reads 2 boxes and 3 scores or classes: expected as many/);
    assert.throws(of(zeros(2, 2, 4), zeros(2, 2, 3)), /'boxes', whose shape is \[2,2,4\] here: expected \[1,boxes,4\]/);
    assert.throws(
      of(zeros(1, 2, 4), zeros(1, 2, 1)),
      /'scores', whose shape is \[1,2,1\] here: expected \[1,boxes,2 or more\]/,
    );
  });
});

describe('labels of detections', () => {
  const config = (json: Json, ...shape: readonly number[]) => {
    const outputs = { boxes: fp32([1, 2, 4]), scores: fp32(shape) };
    return {
      config: completeDetection(json, headerFor(outputs), undefined),
      outputs: new Map(Object.entries(outputs)),
    };
  };

  it('begin behind the background where they leave it out, and count it where they do not', () => {
    const ssd = config({ form: 'ssd' }, 1, 2, 3);
    assert.equal(labelsFor(ssd.config, ['cat', 'dog'], ssd.outputs)(1), 'cat');
    assert.equal(labelsFor(ssd.config, ['nothing', 'cat', 'dog'], ssd.outputs)(1), 'cat');
    const detr = config({ form: 'detr' }, 1, 2, 3);
    assert.equal(labelsFor(detr.config, ['cat', 'dog'], detr.outputs)(1), 'dog');
  });

  it('are refused where the model has another number of classes', () => {
    const { config: own, outputs } = config({ form: 'ssd' }, 1, 2, 5);
    assert.throws(() => labelsFor(own, ['a', 'b', 'c'], outputs), /reads 5 classes, but there are 3 labels/);
  });
});
