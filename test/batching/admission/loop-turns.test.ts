import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoopTurns } from '../../../src/batching/admission/loop-turns.js';

/** A loop whose clock and turns the test moves. */
function open() {
  const time = { nowMs: 1000 };
  const ends: (() => void)[] = [];
  const turns = createLoopTurns({ clock: () => time.nowMs, onTurnEnd: (callback) => ends.push(callback) });
  const endTurn = (): void => {
    for (const end of ends.splice(0)) end();
  };
  return { time, turns, ends, endTurn };
}

describe('the turns of an event loop', () => {
  it('say how long requests wait that are read last: the present turn so far, or the one before it where that was longer', () => {
    const { time, turns, endTurn } = open();
    assert.equal(turns.lagMs, 0);
    turns.note();
    time.nowMs += 300;
    assert.equal(turns.lagMs, 300);
    turns.note();
    time.nowMs += 500;
    endTurn();
    assert.equal(turns.lagMs, 800);
    time.nowMs += 100;
    turns.note();
    assert.equal(turns.lagMs, 800);
    time.nowMs += 900;
    assert.equal(turns.lagMs, 1000);
    endTurn();
    assert.equal(turns.lagMs, 1000);
    turns.note();
    time.nowMs += 20;
    endTurn();
    assert.equal(turns.lagMs, 20);
  });

  it('are measured while requests come: an idle loop is not kept awake, and what it slept is no delay', () => {
    const { time, turns, ends, endTurn } = open();
    turns.note();
    endTurn();
    assert.equal(ends.length, 1);
    endTurn();
    assert.equal(ends.length, 0);
    assert.equal(turns.lagMs, 0);
    time.nowMs += 60_000;
    assert.equal(turns.lagMs, 0);
    turns.note();
    assert.equal(turns.lagMs, 0);
    time.nowMs += 7;
    assert.equal(turns.lagMs, 7);
  });
});
