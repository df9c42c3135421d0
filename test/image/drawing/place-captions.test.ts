import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeCaptions, type Area } from '../../../src/image/drawing/place-captions.js';
import { createRandom } from '../../../src/tensor/random.js';

const room = { width: 320, height: 240 };
const area = (...[left, top, width, height]: readonly [number, number, number, number]): Area => ({
  left,
  top,
  width,
  height,
});
const place = (boxes: readonly Area[], size: { width: number; height: number }, taken: readonly Area[] = []) =>
  placeCaptions(
    boxes.map((box) => ({ box, size })),
    { room, taken },
  );
const overlap = (a: Area, b: Area): boolean =>
  Math.min(a.left + a.width, b.left + b.width) > Math.max(a.left, b.left) &&
  Math.min(a.top + a.height, b.top + b.height) > Math.max(a.top, b.top);

describe('captions of boxes', () => {
  const size = { width: 60, height: 10 };

  it('stand above their boxes, within at the upper edge of the image, and within the image at its sides', () => {
    assert.deepEqual(place([area(50, 100, 80, 40)], size), [area(50, 90, 60, 10)]);
    assert.deepEqual(place([area(50, 0, 80, 40)], size), [area(50, 0, 60, 10)]);
    assert.deepEqual(place([area(300, 100, 20, 40)], size), [area(260, 90, 60, 10)]);
    assert.deepEqual(place([area(-40, 100, 20, 40)], size), [area(0, 90, 60, 10)]);
  });

  it('give way to better ones and to what is taken, and are left out where there is no room', () => {
    const box = area(50, 100, 60, 20);
    assert.deepEqual(place([box, box, box, box, box], size), [
      area(50, 90, 60, 10),
      area(50, 100, 60, 10),
      area(50, 120, 60, 10),
      area(50, 110, 60, 10),
      undefined,
    ]);
    assert.deepEqual(place([box], size, [area(0, 80, 320, 15)]), [area(50, 100, 60, 10)]);
    assert.deepEqual(place([box], { width: 60, height: 241 }), [undefined]);
  });

  it('wider than the image are cut at its width', () => {
    assert.deepEqual(place([area(50, 100, 80, 40)], { width: 400, height: 10 }), [area(0, 90, 320, 10)]);
  });

  it('never meet and never leave the image, however the boxes lie', () => {
    const random = createRandom(9);
    const draw = (from: number, to: number) => from + random() * (to - from);
    let placed = 0;
    for (let round = 0; round < 200; round += 1) {
      const boxes = Array.from({ length: 12 }, () => area(draw(-50, 300), draw(-50, 220), draw(0, 200), draw(0, 200)));
      const taken = [area(0, 0, 150, 12)];
      const found = place(boxes, size, taken).filter((one) => one !== undefined);
      placed += found.length;
      for (const [n, one] of found.entries()) {
        assert.ok(one.left >= 0 && one.top >= 0 && one.left + one.width <= 320 && one.top + one.height <= 240);
        assert.ok(![...taken, ...found.slice(0, n)].some((other) => overlap(one, other)));
      }
    }
    assert.ok(placed > 1200, String(placed));
  });
});
