import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Turn } from '../../../src/workers/inline/turn.js';

const nextTurn = () => new Promise(setImmediate);

describe('a turn of the event loop', () => {
  it('is lone while each has one request, and not once requests come together, until they come alone again', async () => {
    const turn = new Turn();
    for (let n = 0; n < 20; n++) {
      assert.equal(turn.arrive(), true);
      await nextTurn();
    }
    assert.equal(turn.arrive(), true);
    assert.equal(turn.arrive(), false, 'the second of its turn');
    await nextTurn();
    for (let n = 0; n < 10; n++) {
      for (let count = 0; count < 4; count++) turn.arrive();
      await nextTurn();
    }
    assert.equal(turn.isLone, false);
    for (let n = 0; n < 60; n++) {
      turn.arrive();
      await nextTurn();
    }
    assert.equal(turn.arrive(), true);
    await nextTurn();
  });

  it('has 2 ms for runs, then none until the next one', async () => {
    const turn = new Turn();
    assert.equal(turn.hasTime(0.1), true);
    for (let n = 0; n < 19; n++) turn.spend(0.1, 0.1);
    assert.equal(turn.hasTime(0.05), true);
    assert.equal(turn.hasTime(0.15), false);
    turn.spend(0.1, 0.1);
    assert.equal(turn.hasTime(0.05), false);
    await nextTurn();
    assert.equal(turn.hasTime(0.05), true);
  });

  it('has time for one run however long that takes, so that none waits for ever', () => {
    assert.equal(new Turn().hasTime(50), true);
  });

  it('counts a run that was interrupted as ten of its kind at most, and one that is always long in full', () => {
    const interrupted = new Turn();
    interrupted.spend(8, 0.02);
    assert.equal(interrupted.hasTime(1.75), true);
    assert.equal(interrupted.hasTime(1.85), false);
    const long = new Turn();
    long.spend(1.5, 0.5);
    assert.equal(long.hasTime(0.4), true);
    assert.equal(long.hasTime(0.6), false);
  });
});
