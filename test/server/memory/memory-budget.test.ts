import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBudget, RequestMemory } from '../../../src/server/memory/memory-budget.js';

const code = (expected: string) => (thrown: unknown) => (thrown as { code: string }).code === expected;

describe('the memory of requests', () => {
  it('is one sum, of which exactly all may be used, and what one gives back another may take', () => {
    const budget = new MemoryBudget(1000);
    const [first, second] = [new RequestMemory(budget), new RequestMemory(budget)];
    first.take(400);
    first.take(200);
    second.take(400);
    assert.equal(budget.usedBytes, 1000);
    assert.throws(() => second.take(1), code('MEMORY_FULL'));
    assert.equal(budget.refusals, 1);
    first.close();
    assert.equal(budget.usedBytes, 400);
    second.take(600);
    second.close();
    second.close();
    assert.equal(budget.usedBytes, 0);
  });

  it('refuses for good what could never fit, with both figures', () => {
    const budget = new MemoryBudget(1000);
    const memory = new RequestMemory(budget);
    memory.take(900);
    assert.throws(() => memory.take(101), {
      code: 'PAYLOAD_TOO_LARGE',
      message: /needs 1001 bytes of memory.*may hold 1000.*--request-memory/,
    });
    assert.equal(memory.bytes, 900);
  });

  it('frees the buffers of a request that is over, and those that come to it later', () => {
    const memory = new RequestMemory(new MemoryBudget(1000));
    const [early, late] = [new ArrayBuffer(50_000), new ArrayBuffer(50_000)];
    memory.own([early]);
    assert.equal(early.byteLength, 50_000);
    memory.close();
    memory.own([late]);
    memory.take(5000);
    assert.deepEqual([early.byteLength, late.byteLength], [0, 0]);
  });

  it('is free at once where it is abandoned, but its buffers stay for whoever reads them yet', () => {
    const budget = new MemoryBudget(1000);
    const memory = new RequestMemory(budget);
    const buffer = new ArrayBuffer(50_000);
    memory.take(1000);
    memory.own([buffer]);
    memory.abandon();
    memory.close();
    assert.deepEqual([budget.usedBytes, buffer.byteLength], [0, 50_000]);
  });
});
