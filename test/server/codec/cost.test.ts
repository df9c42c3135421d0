import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { estimateWriting } from '../../../src/server/codec/cost.js';
import type { Tensor } from '../../../src/tensor/tensor.js';

const floats: Tensor = { datatype: 'FP32', shape: [3], data: new Float32Array(3) };
const flags: Tensor = { datatype: 'BOOL', shape: [2], data: new Uint8Array(2) };
const texts: Tensor = { datatype: 'BYTES', shape: [3], data: ['ab', '', new Uint8Array(5)] };

describe('what writing an answer comes to', () => {
  it('is a length for each number, and for texts the likely and the longest one', () => {
    assert.deepEqual(estimateWriting(new Map()), { likely: 0, most: 0 });
    assert.deepEqual(estimateWriting(new Map([['Y', floats]])), { likely: 60, most: 60 });
    assert.deepEqual(estimateWriting(new Map([['Y', texts]])), { likely: 16, most: 51 });
    const all = new Map(Object.entries({ floats, flags, texts }));
    assert.deepEqual(estimateWriting(all), { likely: 88, most: 123 });
  });

  it('leaves out what goes as binary data, but for the texts that are gone through all the same', () => {
    const all = new Map(Object.entries({ floats, flags, texts }));
    assert.deepEqual(estimateWriting(all, new Set(['floats'])), { likely: 28, most: 63 });
    assert.deepEqual(estimateWriting(all, new Set(['floats', 'flags', 'texts'])), { likely: 16, most: 0 });
  });
});
