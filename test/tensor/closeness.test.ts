import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isClose } from '../../src/tensor/closeness.js';
import type { Tensor } from '../../src/tensor/tensor.js';

const floats = (...values: number[]): Tensor => ({
  datatype: 'FP32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const halves = (...bits: number[]): Tensor => ({
  datatype: 'FP16',
  shape: [bits.length],
  data: Uint16Array.from(bits),
});
const bytes = (...values: number[]): Tensor => ({
  datatype: 'INT8',
  shape: [values.length],
  data: Int8Array.from(values),
});
const texts = (...data: (string | Uint8Array)[]): Tensor => ({ datatype: 'BYTES', shape: [data.length], data });

describe('tensors are close', () => {
  it('up to a thousandth of the largest value for floats', () => {
    assert.ok(isClose(floats(1, 100), floats(1.05, 100)));
    assert.ok(!isClose(floats(1, 100), floats(1.2, 100)));
    assert.ok(!isClose(floats(0, 0), floats(0, 1)));
  });

  it('where NaN and infinity stand at the same places', () => {
    assert.ok(isClose(floats(NaN, Infinity, 1), floats(NaN, Infinity, 1)));
    assert.ok(!isClose(floats(NaN, 1), floats(1, 1)));
    assert.ok(!isClose(floats(Infinity), floats(-Infinity)));
    assert.ok(isClose(halves(0x7e00, 0x3c00), halves(0x7e01, 0x3c01)));
    assert.ok(!isClose(halves(0x3c00), halves(0x7e00)));
  });

  it('only exactly for integers and texts', () => {
    assert.ok(isClose(bytes(1, 2), bytes(1, 2)));
    assert.ok(!isClose(bytes(1, 2), bytes(1, 3)));
    assert.ok(isClose(texts('a', Buffer.from('b')), texts('a', 'b')));
    assert.ok(!isClose(texts('a'), texts('b')));
  });

  it('never with another shape or datatype', () => {
    assert.ok(!isClose(floats(1), floats(1, 1)));
    assert.ok(!isClose(floats(1), { ...floats(1), shape: [1, 1] }));
    assert.ok(!isClose(floats(1), bytes(1)));
  });
});
