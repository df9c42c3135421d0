import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Arrivals, InlineCost } from '../../src/workers/inline-cost.js';

/** Notes so many runs of the same length. */
function note(cost: InlineCost, count: number, ms: number): void {
  for (let n = 0; n < count; n++) cost.note(ms);
}

describe('the cost of runs of one shape', () => {
  it('is unknown at first, and little after a window of short runs, a few interrupted ones among them', () => {
    const cost = new InlineCost();
    note(cost, 31, 0.02);
    assert.equal(cost.mayRun(true), false);
    cost.note(0.02);
    assert.equal(cost.mayRun(true), true);
    const noisy = new InlineCost();
    note(noisy, 8, 7);
    note(noisy, 24, 0.02);
    assert.equal(noisy.mayRun(true), true);
    const busy = new InlineCost();
    note(busy, 9, 7);
    note(busy, 23, 0.02);
    assert.equal(busy.mayRun(true), false);
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

  it('ends when many runs of a window are slow, and each time needs twice as many windows to begin again', () => {
    const cost = new InlineCost();
    note(cost, 32, 0.02);
    for (const windows of [2, 4, 8]) {
      note(cost, 15, 1);
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

describe('arrivals', () => {
  it('are lone while each turn of the event loop has one, and not once they come together', async () => {
    const arrivals = new Arrivals();
    const turn = () => new Promise(setImmediate);
    for (let n = 0; n < 20; n++) {
      arrivals.note();
      assert.equal(arrivals.isLone, true);
      await turn();
    }
    for (let n = 0; n < 10; n++) {
      for (let count = 0; count < 4; count++) arrivals.note();
      await turn();
    }
    arrivals.note();
    assert.equal(arrivals.isLone, false);
    for (let n = 0; n < 60; n++) {
      await turn();
      arrivals.note();
    }
    assert.equal(arrivals.isLone, true);
    await turn();
  });
});
