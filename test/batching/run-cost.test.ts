import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRunCost, type RunCost } from '../../src/batching/run-cost.js';

const asIs = (rows: number): number => rows;

/** A cost that has seen runs of these sizes, each `fixedMs + perRowMs * rows` long. */
function learned(fixedMs: number, perRowMs: number, sizes: readonly number[] = [1, 8, 4, 2]): RunCost {
  const cost = createRunCost();
  for (let turn = 0; turn < 5; turn += 1) for (const rows of sizes) cost.note(rows, fixedMs + perRowMs * rows);
  return cost;
}

describe('the cost of runs', () => {
  it('keeps everything on one worker before anything ran, and where just one is free', () => {
    assert.equal(createRunCost().spread(8, 4, asIs), 1);
    assert.equal(learned(0, 100).spread(8, 1, asIs), 1);
  });

  it('tells how many rows run within a time, by what rows have cost with their share of the fixed part', () => {
    assert.equal(createRunCost().rowsWithin(5), undefined);
    assert.equal(learned(0, 0.5).rowsWithin(5.1), 10);
    assert.equal(learned(0.32, 0, [32]).rowsWithin(5.005), 500);
    assert.equal(learned(0, 20).rowsWithin(5), 0);
  });

  it('spreads rows over all free workers where the time is in the rows', () => {
    const cost = learned(0.1, 100);
    assert.deepEqual([cost.spread(2, 2, asIs), cost.spread(8, 4, asIs)], [2, 4]);
  });

  it('keeps rows together where they cost little beside the fixed part', () => {
    assert.equal(learned(0.5, 0.01).spread(8, 2, asIs), 1);
  });

  it('takes as many workers as are worth their fixed part', () => {
    const cost = learned(1, 1); // parts + 16 / parts is least at 4
    assert.equal(cost.spread(16, 8, asIs), 4);
    assert.equal(cost.spread(16, 3, asIs), 3);
    assert.equal(cost.spread(1, 3, asIs), 1);
  });

  it('does not spread what padding makes as long again', () => {
    assert.equal(
      learned(0.1, 1).spread(8, 2, () => 8),
      1,
    );
  });

  it('runs another size where all runs had one, so that it learns which is better', () => {
    assert.equal(learned(0, 100, [2]).spread(2, 2, asIs), 2);
    assert.equal(learned(0, 100, [1]).spread(2, 2, asIs), 1);
  });

  it('forgets what models cost long ago', () => {
    const cost = learned(0.5, 0.01);
    for (let turn = 0; turn < 200; turn += 1) cost.note(1 + (turn % 8), 10 * (1 + (turn % 8)));
    assert.equal(cost.spread(8, 2, asIs), 2);
  });
});
