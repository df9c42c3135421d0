import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { areAlike, findSpread, type Kernels, type NoiseKind } from '../../src/tensor/noise.js';
import type { Tensor } from '../../src/tensor/tensor.js';

const rows = (width: number, ...values: number[]): Tensor => ({
  datatype: 'FP32',
  shape: [values.length / width, width],
  data: Float32Array.from(values),
});
const bytes = (...values: number[]): Tensor => ({
  datatype: 'UINT8',
  shape: [1, values.length],
  data: Uint8Array.from(values),
});
const fine: NoiseKind = { isCoarse: false, isUnsteady: false, isQuantised: false };

describe('noise', () => {
  /** Columns of spread 2 and 0.002, the first around a million. */
  const spread = { ...findSpread([rows(2, 1e6 - 1, 0.001, 1e6 + 1, -0.001)]), range: 0 };
  const alike = (...[left, right, kernels, kind = fine]: readonly [Tensor, Tensor, Kernels, NoiseKind?]) =>
    areAlike(left, right, { kind, spread, kernels });

  it('is judged by the spread of each column, not by the largest value', () => {
    assert.deepEqual(
      [...spread.columns].map((value) => Number(value.toFixed(4))),
      [2, 0.002],
    );
    assert.ok(alike(rows(2, 1e6, 0), rows(2, 1e6, 1e-6), 'other'));
    assert.ok(!alike(rows(2, 1e6, 0), rows(2, 1e6, 1e-4), 'other'));
  });

  it('of one kernel is next to nothing', () => {
    assert.ok(alike(rows(2, 1e6, 0.001), rows(2, 1e6, 0.001), 'same'));
    assert.ok(!alike(rows(2, 1e6, 0.001), rows(2, 1e6, 0.00101), 'same'));
  });

  it('of few bits is more', () => {
    const coarse = { ...fine, isCoarse: true };
    assert.ok(!alike(rows(2, 1, 0.001), rows(2, 1, 0.00103), 'other'));
    assert.ok(alike(rows(2, 1, 0.001), rows(2, 1, 0.00103), 'other', coarse));
    assert.ok(!alike(rows(2, 1, 0.001), rows(2, 1, 0.00103), 'same', coarse));
  });

  it('of a quantisation may be one step, under other kernels only', () => {
    const quantised = { ...fine, isQuantised: true };
    const steps = findSpread([rows(1, 0, 0.5, 1, 7.5)]);
    const judge = { kind: quantised, spread: steps };
    assert.ok(areAlike(rows(1, 0.5), rows(1, 1), { ...judge, kernels: 'other' }));
    assert.ok(!areAlike(rows(1, 0.5), rows(1, 1.5), { ...judge, kernels: 'other' }));
    assert.ok(!areAlike(rows(1, 0.5), rows(1, 1), { ...judge, kernels: 'same' }));
    assert.ok(
      areAlike(bytes(4), bytes(5), { kind: quantised, spread: findSpread([bytes(4, 5, 9)]), kernels: 'other' }),
    );
  });

  it('is none in integers, texts, NaN and infinities', () => {
    assert.ok(!alike(bytes(4, 4), bytes(5, 4), 'other'));
    assert.ok(alike(rows(2, NaN, Infinity), rows(2, NaN, Infinity), 'same'));
    assert.ok(!alike(rows(2, NaN, 0), rows(2, 0, 0), 'other'));
    assert.ok(!alike(rows(2, Infinity, 0), rows(2, 1e30, 0), 'other'));
    const texts = (...data: string[]): Tensor => ({ datatype: 'BYTES', shape: [1, data.length], data });
    assert.ok(alike(texts('a', 'ü'), texts('a', 'ü'), 'other') && !alike(texts('a'), texts('b'), 'other'));
  });
});
