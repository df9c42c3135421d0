import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBudget, RequestMemory } from '../../../src/server/memory/memory-budget.js';
import { createStateMemory } from '../../../src/server/memory/state-memory.js';

const code = (expected: string) => (thrown: unknown) => (thrown as { code: string }).code === expected;

describe('the memory of state of sequences', () => {
  it('is at most half of that of requests, to the byte, so that the other half is left for them', () => {
    const budget = new MemoryBudget(1001);
    const state = createStateMemory(budget);
    state.take(0);
    state.take(499);
    assert.throws(() => state.take(2), code('MEMORY_FULL'));
    state.take(1);
    assert.equal(budget.usedBytes, 500);
    assert.throws(() => state.take(1), {
      message:
        'The sequence needs 1 more bytes for its state, but state of sequences holds 500 of the 500 that it may hold, half of --request-memory: end sequences with sequence_end, or send it again later.',
    });
    const request = new RequestMemory(budget);
    request.take(501);
    request.close();
    state.give(500);
    assert.equal(budget.usedBytes, 0);
    state.take(500);
  });

  it('is refused for good where it could never fit', () => {
    const state = createStateMemory(new MemoryBudget(1000));
    assert.throws(() => state.take(501), code('PAYLOAD_TOO_LARGE'));
    assert.throws(() => state.take(Infinity), code('PAYLOAD_TOO_LARGE'));
    state.take(500);
  });

  it('counts in what requests hold: where they hold more than half, less is left for it', () => {
    const budget = new MemoryBudget(1000);
    const state = createStateMemory(budget);
    const request = new RequestMemory(budget);
    request.take(700);
    assert.throws(() => state.take(301), code('MEMORY_FULL'));
    state.take(300);
    state.give(300);
    request.close();
    assert.equal(budget.usedBytes, 0);
    state.take(500);
  });
});
