import assert from 'node:assert/strict';
import { it } from 'node:test';
import { measureCaption } from '../../../src/image/drawing/draw.js';
import { drawAnswer } from '../../../src/server/stream/overlay.js';

it('labels of boxes that lie on each other stand side by side on a frame, and none on the line that says how it goes', () => {
  const width = 240;
  const pixels = { data: Buffer.alloc(3 * width * 200, 255), width, height: 200 };
  const box = [100, 60, 200, 140] as const;
  const faces = [0, 1, 2].map((index) => ({ box, label: 'FACE', index, score: 0.5 }));
  drawAnswer(pixels, { detections: [...faces, { box: [0, 0, 60, 40], label: 'AT', index: 3, score: 1 }] }, '9 FPS');
  const status = measureCaption({ text: '9 FPS', scale: 1 });
  const [labelWidth, labelHeight] = measureCaption({ text: 'FACE 50.0 %', scale: 1 });
  const colorAt = (x: number, y: number) => [...pixels.data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
  // The margin of a caption is its ground alone.
  const grounds = [
    [
      [100, 60 - labelHeight],
      [11, 110, 138],
    ],
    [
      [100, 60],
      [196, 61, 61],
    ],
    [
      [100, 140],
      [122, 79, 168],
    ],
    [
      [0, 40],
      [46, 125, 50],
    ],
    [
      [0, 0],
      [20, 26, 32],
    ],
  ] as const;
  for (const [[x, y], color] of grounds) {
    assert.deepEqual(colorAt(x, y), [...color], `${x},${y}`);
  }
  assert.deepEqual(colorAt(100 + labelWidth - 1, 60 + labelHeight - 1), [196, 61, 61]);
  assert.deepEqual(colorAt(status[0] - 1, status[1] - 1), [20, 26, 32]);
});
