import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRandom } from '../../../src/tensor/random.js';
import { Histogram, mergeHistograms } from '../../../bench/stats/histogram.js';
import { isSteady, median, quantileOf, ratioOfGroups, ratioOfPairs } from '../../../bench/stats/spread.js';

function exactPercentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1]!;
}

describe('Histogram', () => {
  const random = createRandom(1);
  const samples = Array.from({ length: 5000 }, () => 0.05 * Math.exp(random() * 8));

  it('gives percentiles within 0.8 % of the exact ones over five orders of magnitude', () => {
    const histogram = new Histogram();
    for (const sample of samples) histogram.record(sample);
    for (const percent of [0, 1, 50, 90, 99, 99.9, 100]) {
      const exact = exactPercentile(samples, percent);
      const error = Math.abs(histogram.percentileMs(percent) / exact - 1);
      assert.ok(error < 0.008, `p${percent}: ${histogram.percentileMs(percent)} for ${exact}`);
    }
    assert.equal(histogram.maxMs, Math.max(...samples));
    assert.ok(Math.abs(histogram.meanMs / (samples.reduce((a, b) => a + b) / 5000) - 1) < 1e-9);
  });

  it('merges windows into what one histogram of all samples would be', () => {
    const [whole, first, second] = [new Histogram(), new Histogram(), new Histogram()];
    samples.forEach((sample, i) => {
      whole.record(sample);
      (i % 3 === 0 ? first : second).record(sample);
    });
    const merged = mergeHistograms([first.toData(), second.toData()]);
    assert.deepEqual(merged.toData().buckets, whole.toData().buckets);
    assert.deepEqual([merged.count, merged.maxMs], [whole.count, whole.maxMs]);
  });

  it('says NaN while it is empty', () => {
    assert.deepEqual([new Histogram().percentileMs(50), new Histogram().meanMs], [Number.NaN, Number.NaN]);
  });
});

describe('median', () => {
  for (const [values, expected] of [
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
    [[], Number.NaN],
  ] as const) {
    it(`of [${values.join(', ')}] is ${expected}`, () => assert.equal(median(values), expected));
  }
});

describe('ratioOfPairs', () => {
  it('is exact where every pair has the same ratio, whatever the drift', () => {
    const { low, middle, high } = ratioOfPairs([
      [2, 1],
      [20, 10],
      [6, 3],
    ]);
    for (const value of [low, middle, high]) assert.ok(Math.abs(value - 2) < 1e-12);
  });

  it("widens with the spread by Student's t", () => {
    const { low, middle, high } = ratioOfPairs([
      [1, 1],
      [Math.E, 1],
    ]);
    assert.ok(Math.abs(Math.log(middle) - 0.5) < 1e-12);
    assert.ok(Math.abs(Math.log(high) - 0.5 - 12.706 * 0.5) < 1e-9);
    assert.ok(Math.abs(Math.log(low) - 0.5 + 12.706 * 0.5) < 1e-9);
  });

  it('claims nothing of a single pair', () => {
    assert.deepEqual(ratioOfPairs([[3, 2]]), { low: 0, middle: 1.5, high: Number.POSITIVE_INFINITY });
  });

  it('holds the true ratio in about 95 of 100 noisy experiments', () => {
    const random = createRandom(7);
    const noisy = (value: number) => value * Math.exp((random() + random() + random() - 1.5) * 0.2);
    let held = 0;
    for (let i = 0; i < 400; i++) {
      const { low, high } = ratioOfPairs(Array.from({ length: 5 }, () => [noisy(3), noisy(2)] as const));
      if (low <= 1.5 && 1.5 <= high) held++;
    }
    assert.ok(held >= 368 && held <= 392, `${held} of 400`);
  });
});

describe('ratioOfGroups', () => {
  it('is exact for groups without spread, and wider the surer it must be', () => {
    const { low, middle, high } = ratioOfGroups([2, 2, 2], [1, 1]);
    for (const value of [low, middle, high]) assert.ok(Math.abs(value - 2) < 1e-12);
    const [usual, surer] = [0.95, 0.999].map((share) => ratioOfGroups([2, 2.1, 1.9], [1, 1.1, 0.9], share));
    assert.ok(usual!.low > surer!.low && usual!.high < surer!.high && usual!.low < 2 && usual!.high > 2);
  });

  it('claims nothing of a single value', () => {
    const { low, middle, high } = ratioOfGroups([3], [1, 1]);
    assert.deepEqual([low, Math.round(middle * 1e9) / 1e9, high], [0, 3, Number.POSITIVE_INFINITY]);
  });

  it("takes quantiles of Student's t that tables give", () => {
    for (const [degrees, confidence, expected] of [
      [1, 0.95, 12.706],
      [2, 0.99, 9.925],
      [4, 0.95, 2.776],
      [4, 0.998, 7.173],
      [30, 0.99, 2.75],
    ] as const) {
      assert.ok(Math.abs(quantileOf(degrees, confidence) / expected - 1) < 1e-3, `${degrees} at ${confidence}`);
    }
  });
});

describe('isSteady', () => {
  it('wants all values within the tolerance of their mean', () => {
    assert.equal(isSteady([100, 105, 98], 0.1), true);
    assert.equal(isSteady([50, 100, 105, 98], 0.1), false);
    assert.equal(isSteady([100, 100, 130], 0.1), false);
  });
});
