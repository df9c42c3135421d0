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

  it('is taken from those that hold it slowly and for long, in their order, when others need it', () => {
    let nowMs = 0;
    const budget = new MemoryBudget(1000, () => nowMs);
    const ended: string[] = [];
    const slow = (name: string, bytes: number): (() => void) => {
      const memory = new RequestMemory(budget);
      memory.hold(bytes);
      return budget.mayGiveWay(100, () => {
        ended.push(name);
        memory.close();
      });
    };
    slow('first', 400);
    const stay = slow('taken', 100);
    slow('second', 400);
    nowMs = 50;
    slow('third', 300);
    stay();
    const other = new RequestMemory(budget);
    nowMs = 99;
    assert.throws(() => other.take(100), code('MEMORY_FULL'));
    nowMs = 100;
    assert.throws(() => other.take(1001), code('PAYLOAD_TOO_LARGE'));
    assert.deepEqual(ended, [], 'nobody gives way to what could never fit');
    other.take(100);
    assert.deepEqual([ended, budget.usedBytes], [['first'], 900]);
    other.take(100);
    assert.deepEqual(ended, ['first'], 'nor while there is room');
    assert.throws(() => other.take(800), code('MEMORY_FULL'));
    assert.deepEqual([ended, budget.usedBytes], [['first', 'second'], 600]);
    nowMs = 150;
    other.take(600);
    assert.deepEqual([ended, budget.usedBytes], [['first', 'second', 'third'], 900]);
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
