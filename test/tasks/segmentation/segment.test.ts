import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import type { Placement } from '../../../src/image/placement.js';
import type { SegmentationConfig } from '../../../src/model/tasks/segmentation-config.js';
import { segment } from '../../../src/tasks/segmentation/segment.js';
import type { MaskForm, SegmentedRow } from '../../../src/tasks/segmentation/types.js';
import { createRandom } from '../../../src/tensor/random.js';
import type { NumericTensor, Tensor } from '../../../src/tensor/tensor.js';
import { classesOf, type Scores } from './reference.js';

const base: SegmentationConfig = {
  form: 'scores',
  output: 'logits',
  input: { name: 'pixels', layout: 'NCHW' },
  layout: 'NCHW',
  activation: 'sigmoid',
  threshold: 0.5,
};
const whole = (width: number, height: number): Placement => ({
  scaleX: 1,
  scaleY: 1,
  padX: 0,
  padY: 0,
  imageWidth: width,
  imageHeight: height,
});

function run(
  tensor: Tensor,
  of: {
    readonly placements: readonly Placement[];
    readonly input?: { readonly width: number; readonly height: number };
    readonly config?: Partial<SegmentationConfig>;
    readonly mask?: MaskForm;
  },
): readonly SegmentedRow[] {
  const { placements, input = { width: 4, height: 4 }, config = {}, mask = 'runs' } = of;
  return segment({ outputs: new Map([['logits', tensor]]), config: { ...base, ...config }, input, placements, mask });
}

const tensorOf = (shape: readonly number[], data: ArrayLike<number>): NumericTensor => ({
  datatype: 'FP32',
  shape,
  data: Float32Array.from(data),
});

/** The class of each pixel, put together from the runs. */
function pixelsOf({ width, height, found }: SegmentedRow): number[] {
  const pixels = Array<number>(width * height).fill(-1);
  for (const { index, pixels: count, runs = [] } of found) {
    let covered = 0;
    for (let at = 0; at < runs.length; at += 2) {
      pixels.fill(index, runs[at], runs[at]! + runs[at + 1]!);
      covered += runs[at + 1]!;
    }
    assert.equal(covered, count);
  }
  return pixels;
}

/** Random scores of rows, as a tensor in one of the layouts, and as lists. */
function made(
  seed: number,
  [rows, classes, height, width]: readonly [number, number, number, number],
  layout: 'NCHW' | 'NHWC',
) {
  const random = createRandom(seed);
  const scores: Scores[] = Array.from({ length: rows }, () =>
    Array.from({ length: classes }, () =>
      Array.from({ length: height }, () => Array.from({ length: width }, () => Math.fround(random() * 20 - 10))),
    ),
  );
  const data = scores.flatMap((row) =>
    layout === 'NCHW'
      ? row.flat(2)
      : Array.from({ length: height * width * classes }, (_, n) => {
          const place = Math.floor(n / classes);
          return row[n % classes]![Math.floor(place / width)]![place % width]!;
        }),
  );
  const shape = layout === 'NCHW' ? [rows, classes, height, width] : [rows, height, width, classes];
  return { scores, tensor: tensorOf(shape, data) };
}

describe('the classes of an image', () => {
  it('are those of an independent reference: sizes, letterbox, crop, both layouts, several rows, one class and many', () => {
    const placements: readonly Placement[] = [
      { scaleX: 0.5, scaleY: 0.5, padX: 0, padY: 4, imageWidth: 64, imageHeight: 48 },
      { scaleX: 1.6, scaleY: 1.6, padX: 6, padY: 0, imageWidth: 12.0, imageHeight: 20 },
      { scaleX: 32 / 57, scaleY: 32 / 33, padX: 0, padY: 0, imageWidth: 57, imageHeight: 33 },
      { scaleX: 1, scaleY: 1, padX: -3, padY: -5, imageWidth: 38, imageHeight: 42 },
      { scaleX: 32, scaleY: 32, padX: 0, padY: 0, imageWidth: 1, imageHeight: 1 },
    ];
    const input = { width: 32, height: 32 };
    let seed = 1;
    for (const layout of ['NCHW', 'NHWC'] as const) {
      for (const [classes, height, width] of [
        [2, 8, 8],
        [5, 32, 32],
        [21, 3, 7],
        [1, 8, 4],
      ] as const) {
        const { scores, tensor } = made(seed++, [placements.length, classes, height, width], layout);
        const config = { layout, threshold: 0.7 };
        const rows = run(tensor, { placements, input, config });
        rows.forEach((row, n) => {
          const least = Math.log(0.7 / 0.3);
          const expected = classesOf(scores[n]!, { placement: placements[n]!, input, least });
          assert.deepEqual(pixelsOf(row), expected, `${layout} ${classes} classes ${height}x${width}, row ${n}`);
        });
      }
    }
  });

  it('are counted, with the first of equal scores, and a run for each stretch of pixels', () => {
    const tensor = tensorOf([1, 3, 2, 2], [5, -1, 0, 2, 5, 3, 0, 1, 4, 3, 0, 9]);
    const [row] = run(tensor, { placements: [whole(2, 2)], input: { width: 2, height: 2 } });
    assert.deepEqual(row?.found, [
      { index: 0, pixels: 2, runs: [0, 1, 2, 1] },
      { index: 1, pixels: 1, runs: [1, 1] },
      { index: 2, pixels: 1, runs: [3, 1] },
    ]);
    assert.equal(row.of, 3);
  });

  it('are what a model answers as class numbers, of any integer type, at the cell of each pixel', () => {
    const data = BigInt64Array.of(0n, 7n, 65_535n, 7n);
    const config = { form: 'classes' } as const;
    for (const shape of [
      [1, 2, 2],
      [1, 1, 2, 2],
    ]) {
      const placement = { ...whole(4, 2), scaleX: 0.5, scaleY: 1 };
      const input = { width: 2, height: 2 };
      const [row] = run({ datatype: 'INT64', shape, data }, { placements: [placement], input, config });
      assert.deepEqual(pixelsOf(row!), [0, 0, 7, 7, 65_535, 65_535, 7, 7]);
      assert.equal(row?.of, undefined);
    }
  });

  it('compare a lone channel of probabilities with the threshold as it is', () => {
    const tensor = tensorOf([1, 1, 1, 4], [0.29, 0.3, 0.9, -1]);
    const config = { activation: 'none', threshold: Math.fround(0.3) } as const;
    const [row] = run(tensor, { placements: [whole(4, 1)], input: { width: 4, height: 1 }, config });
    assert.deepEqual(pixelsOf(row!), [0, 1, 1, 0]);
    assert.equal(row?.of, 2);
  });

  it('come as a PNG whose palette indices they are, which other programs read', async () => {
    const { scores, tensor } = made(99, [1, 4, 9, 13], 'NCHW');
    const placement = { ...whole(37, 21), scaleX: 13 / 37, scaleY: 9 / 21 };
    const input = { width: 13, height: 9 };
    const [row] = run(tensor, { placements: [placement], input, mask: 'png' });
    const { data, info } = await sharp(Buffer.from(row!.png!, 'base64'))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, info.channels], [37, 21, 3]);
    const colours = ['0,0,0', '128,0,0', '0,128,0', '128,128,0'];
    const read = Array.from({ length: 37 * 21 }, (_, n) =>
      colours.indexOf([...data.subarray(3 * n, 3 * n + 3)].join(',')),
    );
    assert.deepEqual(read, classesOf(scores[0]!, { placement, input }));
  });

  it('are refused where they would be guesses: other shapes, numbers that are none, more classes than a PNG has room for', () => {
    const placements = [whole(2, 2)];
    const input = { width: 2, height: 2 };
    const invalid = (message: RegExp) => ({ code: 'MODEL_INVALID', message });
    assert.throws(
      () => run(tensorOf([1, 4], [1, 2, 3, 4]), { placements, input }),
      invalid(/shape \[1,4\] here, expected \[1,C,H,W\]/),
    );
    assert.throws(
      () => run(tensorOf([2, 1, 1, 1], [1, 2]), { placements, input }),
      invalid(/expected \[1,C,H,W\], a row for each image/),
    );
    for (const value of [NaN, Infinity, -Infinity]) {
      assert.throws(
        () => run(tensorOf([1, 2, 1, 1], [0, value]), { placements, input }),
        invalid(/expected finite numbers/),
      );
    }
    const config = { form: 'classes' } as const;
    for (const value of [-1, 0.5, 65_536]) {
      assert.throws(
        () => run(tensorOf([1, 1, 1], [value]), { placements, input, config }),
        invalid(/reads the class number/),
      );
    }
    const many = tensorOf([1, 1, 1], [256]);
    assert.throws(() => run(many, { placements, input, config, mask: 'png' }), {
      code: 'INVALID_INPUT',
      message: /class number 256.*\?mask=runs/,
    });
    assert.deepEqual(run(many, { placements, input, config, mask: 'none' })[0]?.found, [{ index: 256, pixels: 4 }]);
  });
});
