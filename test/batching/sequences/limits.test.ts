import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AppError } from '../../../src/errors.js';
import { add, end, failsWith, next, openTable, requestOf, result, start, sumsOf, tensor } from './desk.js';

describe('limits of sequences', () => {
  it('expire after their time without a request, and say so', async (t) => {
    const { table, clock, events } = openTable({ maxIdleMs: 500 });
    t.after(() => table.close('the test is over'));
    await table.step(start('a'), requestOf(1), add);
    clock.nowMs += 499;
    await table.step(next('a'), requestOf(1), add);
    clock.nowMs += 500;
    await failsWith(
      table.step(next('a'), requestOf(1), add),
      'INVALID_INPUT',
      /no request for 500 ms \(sequences.maxIdleMs\)/,
    );
    assert.deepEqual([table.active, events.expired], [0, 1]);
    assert.deepEqual(sumsOf(await table.step(start('a'), requestOf(1), add)), [10, 20]);
  });

  it('expire by themselves, but not while a request runs', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { table, clock, memory, events } = openTable({ maxIdleMs: 500 });
    t.after(() => table.close('the test is over'));
    await table.step(start('idle'), requestOf(1), add);
    let finish = (): void => undefined;
    const gate = new Promise<void>((resolve) => (finish = resolve));
    const running = table.step(start('runs'), requestOf(1), (request) => gate.then(() => add(request)));
    await new Promise((resolve) => setImmediate(resolve));
    clock.nowMs += 600;
    t.mock.timers.tick(600);
    assert.deepEqual([table.active, events.expired], [1, 1]);
    finish();
    await running;
    assert.deepEqual(sumsOf(await table.step(next('runs'), requestOf(1), add)), [20, 40]);
    clock.nowMs += 2000;
    t.mock.timers.tick(2000);
    assert.deepEqual([table.active, memory.used, events.expired], [0, 0, 2]);
  });

  it('are refused beyond the most, with the time until one may have idled out', async (t) => {
    const { table, clock, events } = openTable();
    t.after(() => table.close('the test is over'));
    await table.step(start('a'), requestOf(1), add);
    clock.nowMs += 1000;
    await table.step(start('b'), requestOf(1), add);
    await assert.rejects(table.step(start('c'), requestOf(1), add), (error: AppError) => {
      assert.equal(error.code, 'QUEUE_FULL');
      assert.match(error.message, /state of 2 sequences/);
      assert.equal(error.details['retryAfterMs'], 59_000);
      return true;
    });
    assert.equal(events.refused, 1);
    await table.step(end('a'), requestOf(1), add);
    assert.deepEqual(sumsOf(await table.step(start('c'), requestOf(1), add)), [10, 20]);
  });

  it('refuse another number of rows than they began with', async (t) => {
    const { table } = openTable();
    t.after(() => table.close('the test is over'));
    await table.step(start('a'), requestOf(1, 2), add);
    const text =
      /input 'X' has the shape \[1,2\], but the state 'S' of sequence 'a' is \[2,2\]: expected 2 in dimension 0/;
    await failsWith(table.step(next('a'), requestOf(1), add), 'INVALID_INPUT', text);
    assert.deepEqual(sumsOf(await table.step(next('a'), requestOf(0, 1), add)), [10, 20, 30, 60]);
  });

  it('refuse a next state that does not fit, and stay as they were', async (t) => {
    const { table } = openTable();
    t.after(() => table.close('the test is over'));
    await table.step(start('a'), requestOf(1), add);
    const wrong = () => Promise.resolve(result(new Map([['T', { ...tensor([1]), shape: [1, 2, 1] }]])));
    const text = /Output 'T' is the next state 'S' and was FP32 \[1,2,1\]: expected FP32 \[-1,2\]/;
    await failsWith(table.step(next('a'), requestOf(1), wrong), 'MODEL_INVALID', text);
    assert.deepEqual(sumsOf(await table.step(next('a'), requestOf(1), add)), [20, 40]);
  });

  it('count their state, and the copy that a run takes, in the memory they are given', async () => {
    const { table, memory } = openTable();
    await table.step(start('a'), requestOf(1, 2, 3), (request) => {
      assert.equal(memory.used, 48);
      return add(request);
    });
    assert.deepEqual([memory.used, table.bytes], [24, 24]);
    memory.limit = 31;
    await failsWith(table.step(start('b'), requestOf(1), add), 'MEMORY_FULL', /no room/);
    assert.deepEqual([memory.used, table.active], [24, 1]);
    table.close('the test is over');
    assert.deepEqual([memory.used, table.bytes, table.active], [0, 0, 0]);
  });

  it('are dropped when their model goes, with what was under way answered', async () => {
    const { table, events, memory } = openTable();
    await table.step(start('a'), requestOf(1), add);
    const running = table.step(next('a'), requestOf(1), async (request) => {
      table.close('its model was loaded again, and its state is gone');
      return add(request);
    });
    assert.deepEqual(sumsOf(await running), [20, 40]);
    await failsWith(table.step(next('a'), requestOf(1), add), 'INVALID_INPUT', /its model was loaded again/);
    await failsWith(table.step(start('a'), requestOf(1), add), 'SHUTTING_DOWN', /being unloaded/);
    assert.deepEqual([events.dropped, memory.used, table.active], [1, 0, 0]);
  });

  it('count the wait for the requests before as time in the queue', async (t) => {
    const { table, clock } = openTable({}, 100);
    t.after(() => table.close('the test is over'));
    const first = table.step(start('a'), requestOf(1), (request) => {
      clock.nowMs += 60;
      return add(request);
    });
    const left: number[] = [];
    const second = table.step(next('a'), requestOf(1), (request) => {
      left.push(request.queueTimeoutMs);
      clock.nowMs += 60;
      return add(request);
    });
    const third = table.step(next('a'), requestOf(1), add);
    await Promise.all([first, second]);
    await failsWith(third, 'QUEUE_TIMEOUT', /within 100 ms \(waited 120.0 ms\)/);
    assert.deepEqual(left, [40]);
  });
});
