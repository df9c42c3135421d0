import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fitImage } from '../../src/image/fit.js';
import { cutBefore } from '../../src/image/preprocess.js';

describe('rounding', () => {
  /** The shortest edge to 125: 187.5, 127.5, 126.5, 166.7 and 375 of the other one. */
  const sizes = [
    [300, 200],
    [510, 500],
    [506, 500],
    [400, 300],
    [9, 3],
  ] as const;

  it('of a resize is to the nearest, halves to even, or down as torchvision and Hugging Face have it', () => {
    const longer = (width: number, height: number, rounding?: 'down' | 'nearest') => {
      const resize = { width: 125, height: 125, fit: 'outside', background: [0] } as const;
      const { scaled } = fitImage({ width, height }, rounding === undefined ? resize : { ...resize, rounding });
      assert.equal(Math.min(scaled.width, scaled.height), 125);
      return Math.max(scaled.width, scaled.height);
    };
    for (const rounding of [undefined, 'nearest'] as const) {
      assert.deepEqual(
        sizes.map(([width, height]) => longer(width, height, rounding)),
        [188, 128, 126, 167, 375],
      );
    }
    assert.deepEqual(
      sizes.map(([width, height]) => longer(width, height, 'down')),
      [187, 127, 126, 166, 375],
    );
    assert.deepEqual(
      sizes.map(([width, height]) => longer(height, width, 'down')),
      [187, 127, 126, 166, 375],
    );
  });

  it('down makes no pixel less of a whole side', () => {
    const resize = { fit: 'outside', background: [0], rounding: 'down' } as const;
    for (let to = 1; to <= 60; to += 1) {
      for (let from = 1; from <= 60; from += 1) {
        const { scaled } = fitImage({ width: 7 * from, height: from }, { ...resize, width: to, height: to });
        assert.deepEqual(scaled, { width: 7 * to, height: to });
      }
    }
  });

  it('of a shortest side with a longest one is that of the processors of DETR and YOLOS', () => {
    const sizes = (longest: number, more: Partial<Parameters<typeof fitImage>[1]> = {}) =>
      [
        [480, 640],
        [640, 480],
        [600, 1334],
        [1000, 1000],
        [100, 999],
        [999, 100],
        [800, 1],
      ].map(([width = 0, height = 0]) => {
        const resize = { width: 800, height: 800, fit: 'outside', longest, background: [0], ...more } as const;
        const { scaled } = fitImage({ width, height }, resize);
        return [scaled.width, scaled.height];
      });
    // By transformers 5.24, which makes of the last for YOLOS a side of 0 pixels, and ends.
    assert.deepEqual(sizes(1333), [
      [800, 1066],
      [1066, 800],
      [600, 1334],
      [800, 800],
      [133, 1333],
      [1333, 133],
      [1333, 2],
    ]);
    assert.deepEqual(sizes(800), [
      [600, 800],
      [800, 600],
      [360, 800],
      [800, 800],
      [80, 800],
      [800, 80],
      [800, 1],
    ]);
    const patches = { multiple: { of: 16, by: 'stretch' }, rounding: 'down' } as const;
    assert.deepEqual(sizes(1333, patches), [
      [800, 1056],
      [1056, 800],
      [592, 1328],
      [800, 800],
      [128, 1328],
      [1328, 128],
      [1328, 16],
    ]);
  });

  it('of the margin of a crop is down, or to even halves as torchvision has it', () => {
    const margins = [0, 1, 2, 3, 4, 5, 6, 7, 9, 11];
    const cut = (rounding?: 'down' | 'even') =>
      margins.map((margin) =>
        cutBefore(margin, { width: 1, height: 1, ...(rounding === undefined ? {} : { rounding }) }),
      );
    assert.deepEqual(cut(), [0, 0, 1, 1, 2, 2, 3, 3, 4, 5]);
    assert.deepEqual(cut('down'), cut());
    // Python's round(margin / 2).
    assert.deepEqual(cut('even'), [0, 0, 1, 2, 2, 2, 3, 4, 4, 6]);
  });
});
