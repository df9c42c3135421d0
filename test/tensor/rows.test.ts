import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { concatRows, sliceRows } from '../../src/tensor/rows.js';
import type { Tensor } from '../../src/tensor/tensor.js';

const floats = (rows: number, first: number): Tensor => ({
  datatype: 'FP32',
  shape: [rows, 2],
  data: Float32Array.from({ length: rows * 2 }, (_, index) => first + index),
});
const texts = (...data: readonly string[]): Tensor => ({ datatype: 'BYTES', shape: [data.length, 1], data });

describe('rows of tensors', () => {
  it('stand below each other, the last one repeated up to the rows wanted', () => {
    assert.deepEqual(concatRows([floats(1, 0), floats(2, 10)], 5), {
      datatype: 'FP32',
      shape: [5, 2],
      data: Float32Array.of(0, 1, 10, 11, 12, 13, 12, 13, 12, 13),
    });
    assert.deepEqual(concatRows([texts('a'), texts('b')], 4), texts('a', 'b', 'b', 'b'));
  });

  it('are not copied when there is one tensor and nothing to pad', () => {
    const tensor = floats(3, 0);
    assert.equal(concatRows([tensor], 3), tensor);
    assert.equal(sliceRows(tensor, 0, 3), tensor);
  });

  it('keep 64-bit integers and the row shape', () => {
    const tensor: Tensor = { datatype: 'INT64', shape: [1, 1, 2], data: BigInt64Array.of(2n ** 62n, -1n) };
    assert.deepEqual(concatRows([tensor, tensor], 3), {
      datatype: 'INT64',
      shape: [3, 1, 2],
      data: BigInt64Array.of(2n ** 62n, -1n, 2n ** 62n, -1n, 2n ** 62n, -1n),
    });
  });

  it('may be empty', () => {
    const empty: Tensor = { datatype: 'FP32', shape: [2, 0], data: new Float32Array(0) };
    assert.deepEqual(concatRows([empty, empty], 8), { datatype: 'FP32', shape: [8, 0], data: new Float32Array(0) });
    assert.deepEqual(concatRows([{ datatype: 'BYTES', shape: [1, 0], data: [] }], 2), {
      datatype: 'BYTES',
      shape: [2, 0],
      data: [],
    });
  });

  it('come out as views of the same memory', () => {
    const tensor = floats(4, 0);
    const rows = sliceRows(tensor, 1, 2);
    assert.deepEqual(rows, { datatype: 'FP32', shape: [2, 2], data: Float32Array.of(2, 3, 4, 5) });
    assert.equal((rows.data as Float32Array).buffer, (tensor.data as Float32Array).buffer);
    assert.deepEqual(sliceRows(texts('a', 'b', 'c'), 1, 1), texts('b'));
  });
});
