import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseReport } from '../../../bench/report/baseline.js';
import { compareReports, hasRegressed } from '../../../bench/report/compare.js';
import { formatComparison } from '../../../bench/report/comparison-text.js';
import type { Row } from '../../../bench/types.js';
import { reportOf, rowOf } from './report-rows.js';

describe('compareReports', () => {
  const outcomes = (before: readonly Row[], after: readonly Row[]) =>
    compareReports(reportOf(before), reportOf(after), 0.05).points.map(({ outcome }) => outcome);

  it('calls slower only what surely is by more than the share', () => {
    const before = [rowOf([100, 101, 99])];
    assert.deepEqual(outcomes(before, [rowOf([80, 81, 79])]), ['slower']);
    assert.deepEqual(outcomes(before, [rowOf([97, 96, 98])]), ['unsure']);
    assert.deepEqual(outcomes(before, [rowOf([60, 80, 110])]), ['unsure']);
    assert.deepEqual(outcomes(before, [rowOf([100, 100.5, 99.5])]), ['same']);
    assert.deepEqual(outcomes(before, [rowOf([130, 131, 129])]), ['faster']);
  });

  it('forgives a machine that is slower as a whole, but not a server that is slower than its baselines', () => {
    const all = (server: number, machine: number) => [
      rowOf([100, 101, 99].map((rate) => rate * server * machine)),
      rowOf(
        [200, 202, 198].map((rate) => rate * machine),
        { target: 'raw', role: 'raw' },
      ),
      rowOf(
        [300, 303, 297].map((rate) => rate * machine),
        { target: 'bare', role: 'bare' },
      ),
    ];
    assert.deepEqual(outcomes(all(1, 1), all(1, 0.6)), ['same']);
    assert.deepEqual(outcomes(all(1, 1), all(0.8, 1)), ['slower']);
  });

  it('judges arrivals by their median latency', () => {
    const arrivals = (p50Ms: number) => [
      rowOf([50, 50, 50], { scenario: 'arrivals', concurrency: null, requestsPerSecond: 50, p50Ms }),
    ];
    assert.deepEqual(outcomes(arrivals(10), arrivals(15)), ['slower']);
    assert.deepEqual(outcomes(arrivals(10), arrivals(10)), ['same']);
  });

  it('calls broken what gives errors now, and compares nothing with what gave errors before', () => {
    const failed = [{ ...rowOf([100, 100, 100]), state: 'failed' as const }];
    assert.deepEqual(outcomes([rowOf([100, 100, 100])], failed), ['broken']);
    assert.deepEqual(outcomes(failed, [rowOf([1, 1, 1])]), []);
  });

  describe('over all loads', () => {
    /** Loads whose windows swing by a fifth, each load by a few percent another way. */
    const loads = (speed: number, sway: number) =>
      [1, 2, 4, 8, 16, 32].map((concurrency, index) => {
        const rate = 100 * speed * (1 + (index % 2 === 0 ? sway : -sway));
        return rowOf([rate * 0.8, rate, rate * 1.2], { concurrency });
      });
    const compare = (after: readonly Row[]) => compareReports(reportOf(loads(1, 0.01)), reportOf(after), 0.05);

    it('finds a slowdown that no load shows surely by itself', () => {
      const slower = compare(loads(0.85, -0.01));
      assert.deepEqual(new Set(slower.points.map(({ outcome }) => outcome)), new Set(['unsure']));
      assert.deepEqual(
        slower.overall.map(({ subject, loads, outcome }) => [subject, loads, outcome]),
        [['m, native-cpu', 6, 'slower']],
      );
      assert.equal(hasRegressed(slower), true);
      assert.match(formatComparison(slower, 0.05), /Over all loads slower: m, native-cpu\.\n$/);
    });

    it('calls the same server the same', () => {
      const same = compare(loads(1, -0.01));
      assert.deepEqual([same.overall[0]!.outcome, hasRegressed(same)], ['same', false]);
    });

    it('counts a load that two scenarios share once, and no arrivals', () => {
      const shared = rowOf([80, 100, 120], { scenario: 'batch', concurrency: 2 });
      const arrivals = rowOf([50, 50, 50], { scenario: 'arrivals', concurrency: null, requestsPerSecond: 50 });
      const all = [...loads(1, 0.01), shared, arrivals];
      assert.equal(compareReports(reportOf(all), reportOf(all), 0.05).overall[0]!.loads, 6);
      assert.deepEqual(compareReports(reportOf([arrivals]), reportOf([arrivals]), 0.05).overall, []);
    });
  });

  it('names what is missing and what differs, and ends with the outcome', () => {
    const before = reportOf([rowOf([100, 101, 99]), rowOf([1, 1, 1], { concurrency: 64 })]);
    const after = reportOf([rowOf([50, 51, 49])]);
    const other = { ...after, environment: { ...after.environment, cpu: '4 x Other' } };
    const text = formatComparison(compareReports(before, other, 0.05), 0.05);
    assert.match(text, /cpu differs: 2 x Chip before, 4 x Other now/);
    assert.match(text, /not measured this time: m concurrency binary batch 1, 64 clients, native-cpu/);
    assert.match(text, /1 of 1 points are slower than the baseline by more than 5 % with 95 % confidence/);
  });

  it('refuses a file that is not a report', () => {
    for (const text of ['{', '{}', '[1]']) {
      assert.throws(() => parseReport(text, 'old.json'), { code: 'USAGE', message: /old\.json is not a report/ });
    }
  });
});
