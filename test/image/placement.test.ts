import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { decodeImage, readUprightSize } from '../../src/image/decode.js';
import { centreWindow } from '../../src/image/preprocess.js';
import { placeImage } from '../../src/image/placement.js';
import type { CropConfig, ResizeConfig } from '../../src/model/config.js';

/** A white rectangle on black, whose edges are looked for after the resize. */
const mark = { left: 42, top: 50, width: 36, height: 30 };

async function markedImage(width: number, height: number): Promise<Buffer> {
  const white = await sharp({ create: { ...mark, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  return sharp({ create: { width, height, channels: 3, background: '#000' } })
    .composite([{ input: white, left: mark.left, top: mark.top }])
    .png()
    .toBuffer();
}

/** Where the rectangle begins and ends along one axis: sums of its pixels' brightness, whatever the filter does at its edges. */
function edgesOf(profile: readonly number[]): readonly [from: number, to: number] {
  const mass = profile.reduce((sum, value) => sum + value, 0);
  const middle = profile.reduce((sum, value, at) => sum + value * (at + 0.5), 0) / mass;
  const length = mass / Math.max(...profile);
  return [middle - length / 2, middle + length / 2];
}

describe('placeImage', () => {
  const cases: readonly (readonly [string, ResizeConfig, CropConfig?])[] = [
    ['fill', { width: 90, height: 60, fit: 'fill', background: [0] }],
    ['contain', { width: 90, height: 61, fit: 'contain', background: [0] }],
    ['cover', { width: 91, height: 84, fit: 'cover', background: [0] }],
    ['inside', { width: 77, height: 90, fit: 'inside', background: [0] }],
    ['outside', { width: 77, height: 90, fit: 'outside', background: [0] }],
    ['a side rounded down', { width: 77, height: 77, fit: 'outside', background: [0], rounding: 'down' }],
    [
      'a crop of an even margin',
      { width: 98, height: 98, fit: 'cover', background: [0] },
      { width: 91, height: 91, rounding: 'even' },
    ],
    ['cover with a crop', { width: 100, height: 96, fit: 'cover', background: [0] }, { width: 85, height: 91 }],
  ];
  for (const [name, resize, crop] of cases) {
    it(`says where ${name} puts what the image shows`, async () => {
      for (const [width, height] of [
        [160, 120],
        [151, 149],
        [120, 160],
      ] as const) {
        const file = await markedImage(width, height);
        const pixels = await decodeImage(file, resize);
        const window = centreWindow(pixels, crop);
        const place = placeImage(await readUprightSize(file), { resize, ...(crop === undefined ? {} : { crop }) });
        assert.deepEqual([place.imageWidth, place.imageHeight], [width, height]);
        const at = (x: number, y: number) => pixels.data[((window.top + y) * pixels.width + window.left + x) * 3] ?? 0;
        const columns = Array.from({ length: window.width }, (_, x) => sum(window.height, (y) => at(x, y)));
        const rows = Array.from({ length: window.height }, (_, y) => sum(window.width, (x) => at(x, y)));
        const expect = ({ from, size }: { from: number; size: number }, scale: number, pad: number) => [
          from * scale + pad,
          (from + size) * scale + pad,
        ];
        const near = (actual: readonly number[], expected: readonly number[]) =>
          actual.forEach((edge, n) =>
            assert.ok(Math.abs(edge - expected[n]!) < 0.6, `${width}x${height}: ${edge} and ${expected[n]}`),
          );
        near(edgesOf(columns), expect({ from: mark.left, size: mark.width }, place.scaleX, place.padX));
        near(edgesOf(rows), expect({ from: mark.top, size: mark.height }, place.scaleY, place.padY));
      }
    });
  }

  it('has the size of an image as it is seen, with EXIF and without', async () => {
    const plain = sharp({ create: { width: 40, height: 30, channels: 3, background: '#123' } });
    for (const format of ['jpeg', 'png', 'webp', 'tiff', 'avif'] as const) {
      assert.deepEqual(await readUprightSize(await plain.clone().toFormat(format).toBuffer()), {
        width: 40,
        height: 30,
      });
      const turned = await plain.clone().withMetadata({ orientation: 6 }).toFormat(format).toBuffer();
      if (format !== 'avif') assert.deepEqual(await readUprightSize(turned), { width: 30, height: 40 }, format);
    }
  });
});

const sum = (length: number, at: (n: number) => number): number =>
  Array.from({ length }, (_, n) => at(n)).reduce((a, b) => a + b, 0);
