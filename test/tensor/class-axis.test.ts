import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findClassLayout } from '../../src/tensor/class-axis.js';

describe('the rows and classes of an output', () => {
  const table: readonly (readonly [shape: number[], isBatched: boolean, labels: number, wanted: string])[] = [
    [[4], false, 0, '1x4'],
    [[], false, 0, '1x1'],
    [[3, 4], true, 0, '3x4'],
    [[3, 4], false, 0, '3x4'],
    [[3, 4, 1, 1], true, 4, '3x4'],
    [[3, 1, 1, 4], false, 4, '3x4'],
    [[1, 1, 4], false, 0, '1x4'],
    [[3, 1], true, 0, '3x1'],
    [[3], true, 0, '3x1'],
    [[0, 4], true, 4, '0x4'],
    [[4, 1], false, 4, '1x4'],
    [[4, 1, 1], false, 4, '1x4'],
    [[4, 1], false, 1, '4x1'],
    [[1, 1], false, 0, '1x1'],
    [[4, 1], false, 0, 'unknown'],
    [[4, 1], false, 3, 'unknown'],
    [[1, 21, 8, 8], true, 21, 'unknown'],
    [[2, 2, 2], false, 2, 'unknown'],
  ];
  for (const [shape, isBatched, labels, wanted] of table) {
    it(`of [${shape.join(',')}]${isBatched ? ' in a batch' : ''} with ${labels} labels are ${wanted}`, () => {
      const layout = findClassLayout(shape, { isBatched, labels });
      assert.equal(layout === undefined ? 'unknown' : `${layout.rows}x${layout.classes}`, wanted);
    });
  }
});
