import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { imagesToTensor, previewImages, readBack } from '../../src/image/image-tensor.js';
import type { ImageConfig } from '../../src/model/config.js';
import type { NumericDatatype } from '../../src/tensor/datatype.js';
import type { TensorSpec } from '../../src/tensor/tensor.js';

const [width, height] = [7, 5];
/** Every pixel another, with 0 and 255 in each channel. */
const rgb = Uint8Array.from({ length: width * height * 3 }, (_, n) =>
  n === 0 ? 0 : n < 4 ? 255 : (n * 67 + 13) % 256,
);
const file = await sharp(rgb, { raw: { width, height, channels: 3 } })
  .png()
  .toBuffer();
const own: ImageConfig = {
  input: 'image',
  resize: { width, height, fit: 'fill', background: [0, 0, 0] },
  color: 'rgb',
  layout: 'NCHW',
  scale: 1 / 255,
  mean: [0],
  std: [1],
  invert: false,
};
const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

function specOf({ layout, color }: ImageConfig, datatype: NumericDatatype): TensorSpec {
  const channels = color === 'gray' ? 1 : 3;
  const row = layout === 'NCHW' ? [channels, -1, -1] : [-1, -1, channels];
  return { name: 'image', datatype, shape: [-1, ...row] };
}

async function previewOf(config: ImageConfig, datatype: NumericDatatype, images = [file]) {
  const tensor = await imagesToTensor(images, config, specOf(config, datatype));
  return Promise.all(
    (await previewImages(tensor, config)).map(async (png) => {
      const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
      return { data: [...data], width: info.width, height: info.height, channels: info.channels };
    }),
  );
}

describe('what a model sees', () => {
  for (const layout of ['NCHW', 'NHWC'] as const)
    for (const color of ['rgb', 'bgr'] as const)
      for (const [what, numbers, datatype] of [
        ['plain numbers', {}, 'FP32'],
        ['mean and standard deviation of each channel', imagenet, 'FP32'],
        ['mean and standard deviation of each channel', imagenet, 'FP16'],
        ['values beyond a byte', { scale: 1, mean: [103.94, 116.78, 123.68] }, 'FP32'],
        ['-1 to 1', { scale: 1 / 127.5, mean: [1] }, 'FP64'],
        ['bytes', { scale: 1 }, 'UINT8'],
        ['signed bytes', { scale: 1, mean: [128] }, 'INT8'],
      ] as const)
        it(`is the image itself, pixel for pixel, of ${layout} ${color} as ${what} in ${datatype}`, async () => {
          const config = { ...own, layout, color, ...numbers } as ImageConfig;
          const [seen] = await previewOf(config, datatype);
          assert.deepEqual(seen, { data: [...rgb], width, height, channels: 3 });
        });

  it('is gray of three like channels where the model sees gray', async () => {
    const [seen] = await previewOf({ ...own, color: 'gray', mean: [0.1307], std: [0.3081] }, 'FP32');
    const expected = Array.from({ length: width * height }, (_, at) => {
      const [red, green, blue] = rgb.subarray(at * 3, at * 3 + 3);
      return Math.round(0.299 * red! + 0.587 * green! + 0.114 * blue!);
    });
    seen!.data.forEach((value, n) => assert.ok(Math.abs(value - expected[Math.floor(n / 3)]!) <= 1, String(n)));
    for (let at = 0; at < seen!.data.length; at += 3)
      assert.deepEqual(seen!.data.slice(at, at + 2), seen!.data.slice(at + 1, at + 3));
  });

  it('stays inverted where the model sees it so', async () => {
    const [seen] = await previewOf({ ...own, invert: true }, 'FP32');
    assert.deepEqual(
      seen!.data,
      [...rgb].map((value) => 255 - value),
    );
  });

  it('has the bars of a letterbox in their colour, and no more than a crop leaves', async () => {
    const background = [114, 90, 7];
    const barred = { ...own, resize: { width: 9, height: 15, fit: 'contain', background } } as const;
    const [seen] = await previewOf(barred, 'FP32');
    assert.deepEqual([seen!.width, seen!.height], [9, 15]);
    for (const y of [0, 1, 2, 12, 13, 14])
      assert.deepEqual(seen!.data.slice(y * 27, y * 27 + 3), background, String(y));
    assert.notDeepEqual(seen!.data.slice(7 * 27, 7 * 27 + 3), background);
    const [cut] = await previewOf({ ...own, crop: { width: 3, height: 3 } }, 'FP32');
    const rows = [1, 2, 3].flatMap((y) => [...rgb.subarray((y * width + 2) * 3, (y * width + 5) * 3)]);
    assert.deepEqual(cut, { data: rows, width: 3, height: 3, channels: 3 });
  });

  it('comes for each image of a batch, in order', async () => {
    const create = { width, height, channels: 3, background: '#40a0ff' } as const;
    const blue = await sharp({ create }).png().toBuffer();
    const seen = await previewOf({ ...own, ...imagenet }, 'FP32', [blue, file, blue]);
    assert.deepEqual(
      seen.map(({ data }) => data.slice(0, 3)),
      [[0x40, 0xa0, 0xff], [...rgb.subarray(0, 3)], [0x40, 0xa0, 0xff]],
    );
  });

  it('shows what a datatype has cut off, and values that are no pixels as the nearest', async () => {
    const [seen] = await previewOf({ ...own, scale: 1 }, 'INT8');
    assert.deepEqual(
      seen!.data,
      [...rgb].map((value) => Math.min(value, 127)),
    );
    const data = Float32Array.of(-3, 0, 0.5, 1, 7, NaN);
    const [read] = readBack({ datatype: 'FP32', shape: [1, 1, 2, 3], data }, { ...own, color: 'gray' });
    assert.deepEqual(
      [...read!.data].filter((_, n) => n % 3 === 0),
      [0, 0, 128, 255, 255, 0],
    );
  });
});
