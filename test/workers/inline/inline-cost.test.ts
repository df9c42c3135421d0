import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InlineCost } from '../../../src/workers/inline/inline-cost.js';

/** Notes so many runs of the same length. */
function note(cost: InlineCost, count: number, ms: number): void {
  for (let n = 0; n < count; n++) cost.note(ms);
}

describe('the cost of runs of one shape', () => {
  it('is unknown at first, and little once a quarter of a window of runs were short: the others were interrupted', () => {
    const cost = new InlineCost();
    note(cost, 31, 0.02);
    assert.equal(cost.mayRun(true), false);
    cost.note(0.02);
    assert.equal(cost.mayRun(true), true);
    const busyMachine = new InlineCost();
    note(busyMachine, 24, 7);
    note(busyMachine, 8, 0.02);
    assert.equal(busyMachine.mayRun(true), true);
    const slow = new InlineCost();
    note(slow, 25, 7);
    note(slow, 7, 0.02);
    assert.equal(slow.mayRun(true), false);
  });

  it('is that of the runs that nothing interrupted, also where most are', () => {
    const cost = new InlineCost();
    for (let n = 0; n < 2000; n++) cost.note(n % 10 < 4 ? 0.04 : 3);
    assert.ok(cost.typicalMs > 0.03 && cost.typicalMs < 0.06, String(cost.typicalMs));
    assert.equal(cost.mayRun(false), true);
  });

  it('lets a run that is longer than a hand-over run here only while nothing else waits', () => {
    const [short, longer, long] = [0.05, 0.15, 0.25].map((ms) => {
      const cost = new InlineCost();
      note(cost, 64, ms);
      return [cost.mayRun(true), cost.mayRun(false)];
    });
    assert.deepEqual(
      [short, longer, long],
      [
        [true, true],
        [true, false],
        [false, false],
      ],
    );
  });

  it('ends when more than three quarters of a window are slow, and each time needs twice as many windows to begin again', () => {
    const cost = new InlineCost();
    note(cost, 32, 0.02);
    for (const windows of [2, 4, 8]) {
      note(cost, 24, 1);
      assert.equal(cost.isCheap, true);
      cost.note(1);
      assert.equal(cost.isCheap, false);
      note(cost, windows * 32 - 1, 0.02);
      assert.equal(cost.isCheap, false);
      cost.note(0.02);
      assert.equal(cost.isCheap, true);
    }
  });
});
