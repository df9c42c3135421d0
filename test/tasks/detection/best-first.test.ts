import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bestFirst } from '../../../src/tasks/detection/best-first.js';
import { createRandom } from '../../../src/tensor/random.js';

describe('bestFirst', () => {
  it('is the order of a stable sort, for any number of values, many of them equal', () => {
    const random = createRandom(3);
    for (const length of [0, 1, 2, 3, 4, 7, 100, 1001]) {
      const values = Float64Array.from({ length }, () => Math.floor(random() * 20) - 10);
      const sorted = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b);
      assert.deepEqual([...bestFirst(values)], sorted);
    }
  });
});
