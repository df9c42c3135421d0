import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { AppError } from '../../src/errors.js';
import { echo, numbersOf, openDesk, refusedWith, request, runsOf, timing } from './desk.js';

afterEach(() => mock.timers.reset());

describe('a batcher whose runs fail', () => {
  it('repeats the requests of a failed run one by one, so that bad data fails its own request only', async () => {
    const desk = openDesk({}, 1);
    const answers = [request([1]), request([-1]), request([3])].map((r) => desk.batcher.enqueue(r));
    const refused = assert.rejects(answers[1]!, refusedWith('ENGINE_FAILED', /bad -1/));
    desk.pass(0);
    desk.taken.shift()!.reject(new AppError('ENGINE_FAILED', 'bad'));
    desk.freeWorkers = 3;
    desk.pass(0);
    assert.deepEqual(runsOf(desk), [[1], [-1], [3]]);
    for (const [n, run] of desk.taken.entries()) {
      if (n === 1) run.reject(new AppError('ENGINE_FAILED', 'bad -1'));
      else run.resolve(echo(run));
    }
    await refused;
    assert.deepEqual([numbersOf(await answers[0]!), numbersOf(await answers[2]!)], [[1], [3]]);
    assert.equal(desk.taken.length, 3);
  });

  it('does not repeat a lone request that failed', async () => {
    const desk = openDesk({}, 1);
    const answer = desk.batcher.enqueue(request([1]));
    desk.pass(0);
    desk.taken[0]!.reject(new AppError('ENGINE_FAILED', 'bad'));
    await assert.rejects(answer, refusedWith('ENGINE_FAILED'));
    assert.equal(desk.batcher.queuedRows, 0);
  });

  it('repeats a lone request whose worker was lost once, ahead of the queue, and not twice', async () => {
    const desk = openDesk({ maxRows: 1 }, 1);
    const answer = desk.batcher.enqueue(request([1]));
    void desk.batcher.enqueue(request([2], { priority: 1 }));
    desk.taken.shift()!.reject(new AppError('WORKER_LOST', 'crashed'));
    desk.freeWorkers = 1;
    desk.pass(0);
    void desk.batcher.enqueue(request([3]));
    assert.deepEqual(runsOf(desk), [[1]]);
    desk.taken[0]!.reject(new AppError('WORKER_LOST', 'crashed again'));
    await assert.rejects(answer, refusedWith('WORKER_LOST', /again/));
    assert.equal(desk.batcher.queuedRows, 2);
  });

  it('ends when every run of a long queue is refused, as by a runner without workers', async () => {
    const desk = openDesk({ maxRows: 0, maxQueueRows: 5000 });
    const answers = Array.from({ length: 5000 }, (_, n) => desk.batcher.enqueue(request([n], { rows: 1 })));
    for (let run = desk.batcher.next(1); run !== undefined; run = desk.batcher.next(1)) {
      run.reject(new AppError('WORKER_LOST', 'no worker is left'));
    }
    const settled = await Promise.allSettled(answers);
    assert.ok(settled.every(({ status }) => status === 'rejected'));
    assert.equal(desk.batcher.queuedRows, 0);
  });

  it('fails a request of which rows must be cut from an output that has none', async () => {
    const desk = openDesk({}, 1);
    const answers = [request([1]), request([2])].map((r) => desk.batcher.enqueue(r));
    desk.pass(0);
    const scalar = { datatype: 'INT32', shape: [], data: Int32Array.of(1) } as const;
    desk.taken[0]!.resolve({ outputs: new Map([['Y', scalar]]), timing });
    for (const answer of answers)
      await assert.rejects(answer, refusedWith('ENGINE_FAILED', /shape \[\].*maxRows to 0/s));
  });
});
