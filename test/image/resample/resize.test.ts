import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { decodeImage } from '../../../src/image/decode.js';
import { AppError } from '../../../src/errors.js';
import type { ResampleLibrary, ResampleMethod, ResizeConfig, ResizeFit } from '../../../src/model/config.js';
import { encoder, patterns, resizeTo } from '../images.js';
import { draw, resample, resize, type Image } from '../reference.js';

/** Levels of 255 by which a resized pixel may differ; docs/images.md states the same. */
const tolerance = 1;

const resized = async (image: Image, config: ResizeConfig) =>
  decodeImage(await encoder(image).png().toBuffer(), config);

function mostApart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  return Array.from(a).reduce((most, value, n) => Math.max(most, Math.abs(value - b[n]!)), 0);
}

type Case = readonly [from: readonly [number, number], to: readonly [number, number], fit: ResizeFit];

const cases: readonly Case[] = [
  [[32, 32], [32, 32], 'fill'],
  [[64, 48], [32, 32], 'fill'],
  [[160, 120], [56, 56], 'cover'],
  [[65, 47], [32, 32], 'contain'],
  [[65, 47], [32, 32], 'cover'],
  [[65, 47], [32, 32], 'inside'],
  [[65, 47], [32, 32], 'outside'],
  [[151, 149], [30, 30], 'fill'],
  [[200, 160], [14, 14], 'cover'],
  [[20, 30], [33, 33], 'fill'],
  [[9, 7], [64, 64], 'contain'],
  [[3, 90], [20, 20], 'cover'],
];

describe('the resize of images', () => {
  for (const [from, to, fit] of cases) {
    it(`comes to the sizes and pixels of the definition: ${from.join('x')} to ${to.join('x')}, ${fit}`, async () => {
      for (const [name, pattern] of Object.entries(patterns)) {
        for (const method of ['bilinear', 'bicubic', 'lanczos', 'area'] as const) {
          const config = resizeTo(...to, { fit, background: [7, 8, 9], method });
          const image = pattern(...from);
          const [pixels, expected] = [await resized(image, config), resize(image, config)];
          assert.deepEqual([pixels.width, pixels.height], [expected.width, expected.height]);
          const most = mostApart(expected.rgb, pixels.data);
          assert.ok(most <= tolerance, `${name}, ${method}: differs by ${most}`);
        }
      }
    });
  }

  for (const library of ['pillow', 'opencv'] as const) {
    it(`agrees with the definition of ${library}'s filters, larger and smaller, by few and by many pixels`, async () => {
      const sizes: readonly (readonly [readonly [number, number], readonly [number, number]])[] = [
        [
          [1, 1],
          [5, 4],
        ],
        [
          [2, 3],
          [300, 2],
        ],
        [
          [400, 9],
          [3, 30],
        ],
        [
          [7, 500],
          [20, 6],
        ],
        [
          [300, 200],
          [299, 201],
        ],
        [
          [2000, 2],
          [5, 7],
        ],
        [
          [40, 30],
          [20, 15],
        ],
      ];
      for (const [from, to] of sizes) {
        for (const method of ['bilinear', 'bicubic', 'lanczos'] as const) {
          for (const [name, pattern] of Object.entries(patterns)) {
            const image = pattern(...from);
            const { data } = await resized(image, resizeTo(...to, { method, library }));
            const most = mostApart(resample(image, to, { method, library }).rgb, data);
            assert.ok(most <= tolerance, `${name}, ${method}, ${from.join('x')} to ${to.join('x')}: ${most}`);
          }
        }
      }
    });
  }

  it('agrees with what Pillow and OpenCV themselves made of the same images', async () => {
    const recorded = JSON.parse(await readFile('test/image/recorded/resized.json', 'utf8')) as {
      readonly cases: readonly {
        readonly pattern: string;
        readonly from: readonly [number, number];
        readonly to: readonly [number, number];
        readonly library: ResampleLibrary;
        readonly method: ResampleMethod;
        readonly rgb: string;
      }[];
    };
    assert.equal(recorded.cases.length, 160);
    for (const { pattern, from, to, library, method, rgb } of recorded.cases) {
      const { data } = await resized(patterns[pattern]!(...from), resizeTo(...to, { method, library }));
      const most = mostApart(Buffer.from(rgb, 'base64'), data);
      const what = `${pattern} ${from.join('x')} to ${to.join('x')}, ${method} of ${library}`;
      assert.ok(most <= (method === 'nearest' ? 0 : tolerance), `${what}: differs by ${most}`);
    }
  });

  it('takes the same pixels of a JPEG, which is decoded otherwise, as of a PNG of the same pixels', async () => {
    const jpeg = await encoder(patterns['gradient']!(640, 480)).jpeg({ quality: 90 }).toBuffer();
    const { data: rgb } = await decodeImage(jpeg, resizeTo(640, 480));
    const png = await encoder({ width: 640, height: 480, rgb: Array.from(rgb) })
      .png()
      .toBuffer();
    for (const config of [
      resizeTo(64, 64),
      resizeTo(700, 50),
      resizeTo(100, 300, { fit: 'cover', method: 'lanczos' }),
    ]) {
      const [ofJpeg, ofPng] = await Promise.all([decodeImage(jpeg, config), decodeImage(png, config)]);
      assert.deepEqual(ofJpeg.data, ofPng.data);
    }
  });

  it('lays the image between bars in the middle, or at the top left where that is asked', async () => {
    const white = draw(20, 10, () => [255, 255, 255]);
    const leftmost = async (anchor: 'centre' | 'top-left') => {
      const config = resizeTo(20, 21, { fit: 'contain', background: [1, 2, 3], anchor });
      const { data } = await resized(white, config);
      return Array.from({ length: 21 }, (_, y) =>
        data[y * 60] === 255 ? '#' : data[y * 60 + 2] === 3 ? '.' : '?',
      ).join('');
    };
    assert.equal(await leftmost('centre'), `${'.'.repeat(5)}${'#'.repeat(10)}${'.'.repeat(6)}`);
    assert.equal(await leftmost('top-left'), `${'#'.repeat(10)}${'.'.repeat(11)}`);
  });

  const sizes: readonly (readonly [string, Partial<ResizeConfig>, readonly [number, number], string])[] = [
    ['bars up to the next multiple', { fit: 'inside', multiple: { of: 32, by: 'bars' } }, [200, 100], '96x64'],
    ['stretching to the nearest multiple', { fit: 'inside', multiple: { of: 32, by: 'stretch' } }, [200, 100], '96x64'],
    ['stretching to one multiple at least', { fit: 'inside', multiple: { of: 32, by: 'stretch' } }, [200, 10], '96x32'],
    ['no enlarging', { fit: 'inside', enlarge: false }, [50, 20], '50x20'],
    [
      'no enlarging, and a multiple',
      { fit: 'inside', enlarge: false, multiple: { of: 32, by: 'bars' } },
      [50, 20],
      '64x32',
    ],
    ['the height given and the width free', { fit: 'height' }, [50, 100], '40x80'],
    ['the height given and the width at its bound', { fit: 'height' }, [900, 100], '96x80'],
    [
      'the height given and the width a multiple',
      { fit: 'height', multiple: { of: 16, by: 'bars' } },
      [50, 100],
      '48x80',
    ],
  ];
  for (const [title, more, from, size] of sizes) {
    it(`comes to ${size} from ${from.join('x')} by ${title}`, async () => {
      const { width, height, data } = await resized(patterns['noise']!(...from), resizeTo(96, 80, more));
      assert.equal(`${width}x${height}`, size);
      assert.equal(data.length, width * height * 3);
    });
  }

  it('refuses an image that would come to more pixels than are decoded', async () => {
    const strip = draw(4000, 1, () => [1, 2, 3]);
    await assert.rejects(resized(strip, resizeTo(300, 300, { fit: 'outside' })), (error: unknown) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, 'INVALID_INPUT');
      assert.match(error.message, /4000x1 image comes to 1200000x300 pixels/);
      return true;
    });
  });
});
