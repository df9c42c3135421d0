import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InferResult, QueuedRequest } from '../../../src/batching/types.js';
import { AppError } from '../../../src/errors.js';
import { add, end, failsWith, next, openTable, requestOf, start, sumsOf, tensor } from './desk.js';

describe('sequences', () => {
  it('begin with zeros, keep what each run made of the state, and answer it to nobody who did not ask', async (t) => {
    const { table, events } = openTable();
    t.after(() => table.close('the test is over'));
    const first = await table.step(start('a'), requestOf(3, -4), add);
    assert.deepEqual(sumsOf(first), [30, 60, -40, -80]);
    assert.deepEqual([...first.outputs.keys()], ['Y']);
    assert.deepEqual(sumsOf(await table.step(start('b'), requestOf(7), add)), [70, 140]);
    assert.deepEqual(sumsOf(await table.step(next('a'), requestOf(10, 1e6), add)), [130, 260, 9_999_960, 19_999_920]);
    assert.deepEqual(sumsOf(await table.step(end('b'), requestOf(-7), add)), [0, 0]);
    assert.equal(table.active, 1);
    assert.deepEqual(events, { started: 2, ended: 1 });
  });

  it('begin with the state that their first request brings', async (t) => {
    const { table } = openTable();
    t.after(() => table.close('the test is over'));
    const request = requestOf(1);
    const given = { ...request, inputs: new Map(request.inputs).set('S', tensor([100])) };
    assert.deepEqual(sumsOf(await table.step(start('a'), given, add)), [1010, 2020]);
    assert.deepEqual(sumsOf(await table.step(next('a'), requestOf(1), add)), [1020, 2040]);
  });

  it('begin again where a running one is started, and are told as that', async (t) => {
    const { table, events } = openTable();
    t.after(() => table.close('the test is over'));
    await table.step(start('a'), requestOf(5), add);
    assert.deepEqual(sumsOf(await table.step(start('a'), requestOf(1, 2), add)), [10, 20, 20, 40]);
    assert.deepEqual(events, { started: 1, restarted: 1 });
    assert.equal(table.active, 1);
  });

  it('run their requests one after the other, in the order in which places were taken', async (t) => {
    const { table } = openTable();
    t.after(() => table.close('the test is over'));
    const places = [0, 1, 2].map(() => table.reserve('a'));
    let running = 0;
    const slowly = async (request: QueuedRequest): Promise<InferResult> => {
      assert.equal((running += 1), 1);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return add(request);
    };
    const step = (n: number, how: { isStart: boolean }) =>
      table.step({ ...next('a'), ...how, place: places[n] }, requestOf(10 ** n), slowly);
    const [third, second, first] = await Promise.all([
      step(2, { isStart: false }),
      step(1, { isStart: false }),
      step(0, { isStart: true }),
    ]);
    assert.deepEqual(
      [first, second, third].map((one) => sumsOf(one)[0]),
      [10, 110, 1110],
    );
  });

  it('refuse what was sent behind a request that failed, and go on from the state before it', async (t) => {
    const { table } = openTable();
    t.after(() => table.close('the test is over'));
    await table.step(start('a'), requestOf(1), add);
    const fails = () => Promise.reject(new AppError('ENGINE_FAILED', 'the run failed'));
    const failing = table.step(next('a'), requestOf(2), fails);
    const behind = table.step(next('a'), requestOf(3), add);
    const last = table.step(end('a'), requestOf(4), add);
    await failsWith(failing, 'ENGINE_FAILED', /the run failed/);
    await failsWith(behind, 'INVALID_INPUT', /before this one in sequence 'a' failed.*send both again in order/);
    await failsWith(last, 'INVALID_INPUT', /before this one/);
    assert.deepEqual(sumsOf(await table.step(next('a'), requestOf(2), add)), [30, 60]);
  });

  it('are gone where their first request fails, new ones and those begun again', async (t) => {
    const { table, memory } = openTable();
    t.after(() => table.close('the test is over'));
    const fails = () => Promise.reject(new AppError('ENGINE_FAILED', 'the run failed'));
    await failsWith(table.step(start('a'), requestOf(2), fails), 'ENGINE_FAILED', /failed/);
    await failsWith(table.step(next('a'), requestOf(2), add), 'INVALID_INPUT', /must specify the START flag/);
    await table.step(start('b'), requestOf(2), add);
    await failsWith(table.step(start('b'), requestOf(2), fails), 'ENGINE_FAILED', /failed/);
    await failsWith(table.step(next('b'), requestOf(2), add), 'INVALID_INPUT', /must specify the START flag/);
    assert.deepEqual([table.active, table.bytes, memory.used], [0, 0, 0]);
  });
});
