import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromHalfBits, numbersOf, toBrainBits, toHalfBits } from '../../src/tensor/half.js';

const patterns = Array.from({ length: 0x10000 }, (_, pattern) => pattern);
const isNaNPattern = (value: number) => Number.isNaN(value);

describe('half floats', () => {
  it('of every pattern come back with every bit', () => {
    const half = numbersOf({ datatype: 'FP16', shape: [65536], data: Uint16Array.from(patterns) });
    const brain = numbersOf({ datatype: 'BF16', shape: [65536], data: Uint16Array.from(patterns) });
    for (const pattern of patterns) {
      const [a, b] = [Number(half[pattern]), Number(brain[pattern])];
      assert.ok(Object.is(a, fromHalfBits(pattern)), String(pattern));
      assert.equal(isNaNPattern(a) || toHalfBits(a), isNaNPattern(a) || pattern);
      assert.equal(isNaNPattern(b) || toBrainBits(b), isNaNPattern(b) || pattern);
    }
  });

  it('have the values of the standard', () => {
    const values = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x3555, 0x8000].map(fromHalfBits);
    assert.deepEqual(values, [1, -2, 65504, 2 ** -24, 2 ** -14, 0.333251953125, -0]);
    const brain = { datatype: 'BF16', shape: [4], data: Uint16Array.of(0x3f80, 0xc049, 0x0001, 0x7f7f) } as const;
    assert.deepEqual(numbersOf(brain), Float32Array.of(1, -3.140625, 2 ** -133, 2 ** 127 * (2 - 2 ** -7)));
  });

  it('are rounded once, ties to even, and to infinity beyond half a step above the largest', () => {
    for (let pattern = 0x0000; pattern < 0x7f7f; pattern++) {
      const [low = 0, high = 0] = numbersOf({
        datatype: 'BF16',
        shape: [2],
        data: Uint16Array.of(pattern, pattern + 1),
      }) as Float32Array;
      const middle = low + (high - low) / 2;
      assert.equal(toBrainBits(middle), pattern % 2 === 0 ? pattern : pattern + 1);
      assert.equal(toBrainBits(middle * (1 + 2 ** -50)), pattern + 1);
      assert.equal(toBrainBits(-low), pattern | 0x8000);
    }
    const edge = 2 ** 128 - 2 ** 119;
    assert.deepEqual([edge, edge * (1 - 2 ** -50), -Infinity, NaN].map(toBrainBits), [0x7f80, 0x7f7f, 0xff80, 0x7fc0]);
  });
});
