import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { cutCrops, placeCrop } from '../../src/image/crop.js';

const plain = { margin: 0, square: false, leastSide: 1 };
const size = { width: 100, height: 50 };
const place = (box: readonly number[], how: Partial<typeof plain> = {}) => {
  const area = placeCrop(box, size, { ...plain, ...how });
  return area && [area.left, area.top, area.width, area.height];
};

describe('a crop', () => {
  it('has every pixel that its box touches, within the image', () => {
    assert.deepEqual(place([10, 20, 30, 40]), [10, 20, 20, 20]);
    assert.deepEqual(place([10.2, 20.9, 29.1, 39.01]), [10, 20, 20, 20]);
    assert.deepEqual(place([-5, -5, 5, 5]), [0, 0, 5, 5]);
    assert.deepEqual(place([90, 40, 130, 70]), [90, 40, 10, 10]);
    assert.deepEqual(place([-1000, -1000, 1000, 1000]), [0, 0, 100, 50]);
    // What is told of a coordinate has four places.
    assert.deepEqual(place([9.99995, 20.00004, 30.00004, 39.99995]), [10, 20, 20, 20]);
    assert.deepEqual(place([9.999, 20, 30.001, 40]), [9, 20, 22, 20]);
  });

  it('is widened by the margin on each side, and to a square where that is asked', () => {
    assert.deepEqual(place([40, 20, 60, 30], { margin: 0.5 }), [30, 15, 40, 20]);
    assert.deepEqual(place([40, 20, 60, 30], { square: true }), [40, 15, 20, 20]);
    assert.deepEqual(place([40, 20, 60, 30], { square: true, margin: 0.25 }), [35, 10, 30, 30]);
    assert.deepEqual(place([0, 0, 10, 40], { square: true }), [0, 0, 25, 40]);
  });

  it('is none outside the image, without area, or too small within it', () => {
    const outside = [
      [100, 0, 120, 20],
      [-20, 0, 0, 20],
      [10, 50, 20, 60],
      [30, 10, 30, 20],
      [30, 20, 40, 10],
      [NaN, 0, 10, 10],
      [0, 0, 10],
    ];
    for (const box of outside) assert.equal(place(box), undefined, String(box));
    assert.equal(place([-9, 0, 4, 20], { leastSide: 5 }), undefined);
    assert.deepEqual(place([-9, 0, 5, 20], { leastSide: 5 }), [0, 0, 5, 20]);
  });

  it('holds the pixels of the image as it is seen, each as it is', async () => {
    const [width, height] = [37, 23];
    const data = Uint8Array.from({ length: width * height * 3 }, (_, n) => (n * 7 + Math.floor(n / 111) * 31) % 256);
    const image = sharp(data, { raw: { width, height, channels: 3 } });
    const upright = await image.clone().png().toBuffer();
    const lying = await image.clone().rotate(90).withMetadata({ orientation: 8 }).png().toBuffer();
    for (const file of [upright, lying, upright.toString('base64')]) {
      const [first, none, last] = await cutCrops({
        image: file,
        boxes: [
          [3, 4, 10, 9],
          [40, 0, 50, 10],
          [30, 20, 90, 90],
        ],
        ...plain,
      });
      assert.equal(none, undefined);
      for (const [crop, [left, top, wide, tall]] of [
        [first, [3, 4, 7, 5]],
        [last, [30, 20, 7, 3]],
      ] as const) {
        const { data: pixels, info } = await sharp(crop).raw().toBuffer({ resolveWithObject: true });
        assert.deepEqual([info.width, info.height, info.channels], [wide, tall, 3]);
        const expected = Array.from({ length: tall }, (_, y) => {
          const from = ((top + y) * width + left) * 3;
          return [...data.subarray(from, from + wide * 3)];
        });
        assert.deepEqual([...pixels], expected.flat());
      }
    }
  });

  it('is refused with the image where that is none', async () => {
    const boxes = [[0, 0, 1, 1]];
    await assert.rejects(cutCrops({ image: Buffer.from('no image'), boxes, ...plain }), { code: 'INVALID_INPUT' });
  });
});
