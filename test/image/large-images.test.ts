import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cutCrops } from '../../src/image/crop.js';
import { configureImages, decodeImage, decodeWhole } from '../../src/image/decode.js';
import { imagesToTensor } from '../../src/image/image-tensor.js';
import { encoder, plainConfig, resizeTo } from './images.js';
import { draw } from './reference.js';

const black = (width: number, height: number) => draw(width, height, () => [0, 0, 0]);
const spec = { name: 'image', datatype: 'FP32', shape: [-1, 2, 2, 3] } as const;
const config = plainConfig(2, 2);

describe('images with a long side', () => {
  for (const [width, height] of [
    [1, 500_001],
    [500_001, 1],
  ] as const) {
    it(`are refused at ${width}x${height}, as PNG and TIFF, before their rows are read`, async () => {
      const image = encoder(black(width, height));
      for (const [format, file] of [
        ['PNG', await image.png({ compressionLevel: 1 }).toBuffer()],
        ['TIFF', await image.tiff({ compression: 'deflate' }).toBuffer()],
      ] as const)
        for (const decode of [() => decodeImage(file, resizeTo(2, 2)), () => decodeWhole(file)])
          await assert.rejects(decode(), {
            code: 'PAYLOAD_TOO_LARGE',
            message: `The ${format} image has ${width}x${height} pixels; neither side may have more than 500000. Send it in parts.`,
          });
    });
  }

  it('are read up to 500000 pixels', async () => {
    const { width, height } = await decodeWhole(
      await encoder(black(1, 500_000)).png({ compressionLevel: 1 }).toBuffer(),
    );
    assert.deepEqual([width, height], [1, 500_000]);
  });
});

describe('many images of one run', () => {
  it('have together at most eight times the pixels of one, whatever their order', async () => {
    configureImages({ threads: 1, maxPixels: 100 });
    try {
      const [large, small] = (await Promise.all(
        [[10, 10] as const, [1, 1] as const].map(([width, height]) => encoder(black(width, height)).png().toBuffer()),
      )) as [Buffer, Buffer];
      const eight = Array<Buffer>(8).fill(large);
      const { shape, data } = await imagesToTensor(eight, config, spec);
      assert.deepEqual([shape, [...(data as Float32Array)].every((value) => value === 0)], [[8, 2, 2, 3], true]);
      for (const images of [
        [...eight, small],
        [small, ...eight],
      ])
        await assert.rejects(imagesToTensor(images, config, spec), {
          code: 'PAYLOAD_TOO_LARGE',
          message: 'The 9 images have together 801 pixels; the limit for images of one run is 800. Send fewer at once.',
        });
    } finally {
      configureImages({ threads: 1, maxPixels: 64 * 2 ** 20 });
    }
  });

  it('keep their order where large and small ones are mixed, and a broken one is named', async () => {
    const shades = [0, 51, 102, 153, 204, 255];
    const files = await Promise.all(
      shades.map((shade, n) =>
        encoder(draw(n % 2 === 0 ? 300 : 2, 2, () => [shade, shade, shade]))
          .png()
          .toBuffer(),
      ),
    );
    configureImages({ threads: 1, maxPixels: 600 });
    try {
      const { data } = await imagesToTensor(files, config, spec);
      assert.deepEqual(
        shades,
        shades.map((_, n) => data[n * 12]),
      );
      const broken = [files[0] as Buffer, Buffer.from('none'), files[2] as Buffer];
      await assert.rejects(imagesToTensor(broken, config, spec), { code: 'INVALID_INPUT', message: /^Image 2 of 3: / });
    } finally {
      configureImages({ threads: 1, maxPixels: 64 * 2 ** 20 });
    }
  });
});

describe('crops that overlap', () => {
  it('are each the whole image where their boxes are', async () => {
    const image = await encoder(draw(4, 3, (x) => [x * 60, 0, 0]))
      .png()
      .toBuffer();
    const boxes = Array.from({ length: 40 }, () => [0, 0, 4, 3]);
    const crops = await cutCrops({ image, boxes: [...boxes, [9, 9, 10, 10]], margin: 0, square: false, leastSide: 1 });
    assert.equal(crops.length, 41);
    assert.equal(crops.at(-1), undefined);
    for (const crop of crops.slice(0, 40)) {
      const { width, height, data } = await decodeWhole(crop as Uint8Array);
      assert.deepEqual([width, height, [...data.subarray(0, 12)]], [4, 3, [0, 0, 0, 60, 0, 0, 120, 0, 0, 180, 0, 0]]);
    }
  });
});
