import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WideCost, type WideVerdict } from '../../../src/workers/wide/wide-cost.js';

const firstRuns = 16;
const restRuns = 4096;

/** A shape whose lone runs are long. */
function long(ms = 30): WideCost {
  const cost = new WideCost();
  for (let n = 0; n < firstRuns; n++) cost.note(false, ms);
  return cost;
}

interface Runs {
  readonly wide: boolean[];
  readonly verdicts: WideVerdict[];
}

/** Lone runs as the cost asks for them. */
function run(cost: WideCost, count: number, ms: { readonly narrow: number; readonly wide: number }): Runs {
  const runs: Runs = { wide: [], verdicts: [] };
  for (let n = 0; n < count; n++) {
    const isWide = cost.next();
    const verdict = cost.note(isWide, isWide ? ms.wide : ms.narrow);
    runs.wide.push(isWide);
    if (verdict !== undefined) runs.verdicts.push(verdict);
  }
  return runs;
}

describe('the cost of lone runs of one shape', () => {
  it('is judged by the median of the first 16: what is over in less than 2 ms is never tried', () => {
    for (const [ms, isLong] of [
      [0.01, false],
      [1.99, false],
      [2, true],
      [900, true],
    ] as const) {
      const cost = long(ms);
      assert.deepEqual([cost.isLong, cost.isShort], [isLong, !isLong], `${ms} ms`);
    }
    const unknown = new WideCost();
    for (let n = 0; n < firstRuns - 1; n++) unknown.note(false, 50);
    assert.deepEqual([unknown.isLong, unknown.isShort], [false, false]);
    const interrupted = new WideCost();
    for (let n = 0; n < firstRuns; n++) interrupted.note(false, n % 3 === 0 ? 50 : 0.5);
    assert.equal(interrupted.isShort, true);
  });

  it('is tried with both kinds of run in turn, and the faster one is kept', () => {
    const cost = long();
    const trial = run(cost, 32, { narrow: 30, wide: 16 });
    assert.deepEqual(
      trial.wide,
      Array.from({ length: 32 }, (_, n) => n % 2 === 1),
    );
    assert.deepEqual(trial.verdicts, [{ wide: true, wideMs: 16, narrowMs: 30 }]);
    assert.ok(run(cost, restRuns, { narrow: 30, wide: 16 }).wide.every(Boolean));
  });

  it('stays narrow where wide runs gain less than a seventh, since they take more CPU time', () => {
    assert.deepEqual(run(long(), 32, { narrow: 20, wide: 17 }).verdicts, [{ wide: true, wideMs: 17, narrowMs: 20 }]);
    const cost = long();
    assert.equal(run(cost, 32, { narrow: 20, wide: 17.1 }).verdicts[0]?.wide, false);
    assert.ok(run(cost, 1024, { narrow: 20, wide: 17.1 }).wide.every((isWide) => !isWide));
  });

  it('is tried again now and then, so that what has changed is found, and less often where it spoke against wide runs', () => {
    const won = long();
    run(won, 32, { narrow: 30, wide: 16 });
    const changed = run(won, restRuns + 32, { narrow: 30, wide: 40 });
    assert.deepEqual(changed.verdicts, [{ wide: false, wideMs: 40, narrowMs: 30 }]);
    const lost = long();
    run(lost, 32, { narrow: 30, wide: 40 });
    for (const rest of [1024, 2048, 4096]) {
      assert.ok(run(lost, rest, { narrow: 30, wide: 40 }).wide.every((isWide) => !isWide));
      assert.deepEqual(run(lost, 32, { narrow: 30, wide: 40 }).verdicts, [{ wide: false, wideMs: 40, narrowMs: 30 }]);
    }
    run(lost, 8192, { narrow: 30, wide: 40 });
    assert.deepEqual(run(lost, 32, { narrow: 30, wide: 16 }).verdicts, [{ wide: true, wideMs: 16, narrowMs: 30 }]);
  });

  it('keeps the runs of a trial in step where wide ones do not come', () => {
    const cost = long();
    for (let n = 0; n < 1000; n++) assert.equal(cost.note(false, 5), undefined);
    assert.deepEqual(run(cost, 32, { narrow: 30, wide: 16 }).verdicts, [{ wide: true, wideMs: 16, narrowMs: 30 }]);
  });
});
