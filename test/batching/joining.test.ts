import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { AppError } from '../../src/errors.js';
import { notRows } from '../../src/tensor/rows.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { echo, numbersOf, openDesk, refusedWith, request, runsOf, type Desk } from './desk.js';

afterEach(() => mock.timers.reset());

const scalar: Tensor = { datatype: 'INT32', shape: [], data: Int32Array.of(1) };
const failed = (): AppError => new AppError('ENGINE_FAILED', 'bad');

/** Answers every run that waits for it, with what `Y = X` gives. */
function answerAll(desk: Desk): void {
  desk.pass(0);
  for (const run of desk.taken.splice(0)) {
    run.resolve(echo(run));
    desk.freeWorkers += 1;
  }
}

describe('runs that are shared', () => {
  it('are given up where an output cannot be cut into rows, and their requests run again alone and whole', async () => {
    const desk = openDesk({ buckets: [2, 8] }, 2);
    const answers = [request([1, 2]), request([3])].map((r) => desk.batcher.enqueue(r));
    desk.pass(0);
    desk.taken.shift()!.reject(notRows('Y', scalar, 8));
    desk.pass(0);
    assert.equal(desk.taken.length, 1);
    desk.freeWorkers += 1;
    desk.pass(0);
    void desk.batcher.enqueue(request([4]));
    assert.deepEqual(
      desk.taken.map(({ job }) => [job.requests.length, job.rows]),
      [
        [1, 0],
        [1, 0],
      ],
    );
    answerAll(desk);
    assert.deepEqual(
      (await Promise.all(answers)).map((answer) => numbersOf(answer)),
      [[1, 2], [3]],
    );
    assert.deepEqual(
      desk.faults.map(({ kind, reason }) => [kind, reason.slice(0, 46)]),
      [['uncut', 'Output Y of a run of 8 rows has shape []; expe']],
    );
    const { maxRows, buckets } = desk.batcher.config;
    assert.deepEqual([maxRows, buckets], [0, []]);
  });

  it('are given up where one fails and each of its requests succeeds alone', async () => {
    const desk = openDesk({}, 2);
    const answers = [request([1]), request([2])].map((r) => desk.batcher.enqueue(r));
    desk.pass(0);
    desk.taken.shift()!.reject(failed());
    desk.freeWorkers += 1;
    desk.pass(0);
    assert.deepEqual(runsOf(desk), [[1], [2]]);
    assert.deepEqual(desk.faults, []);
    answerAll(desk);
    await Promise.all(answers);
    assert.deepEqual(desk.faults, [{ kind: 'failed', reason: 'bad' }]);
    const more = [request([3]), request([4])].map((r) => desk.batcher.enqueue(r));
    desk.pass(0);
    assert.deepEqual(runsOf(desk), [[3], [4]]);
    answerAll(desk);
    await Promise.all(more);
    assert.equal(desk.faults.length, 1);
  });

  it('go on where one of the requests fails alone too, or its client has left', async () => {
    const desk = openDesk({}, 3);
    const client = new AbortController();
    for (const end of ['fails', 'leaves']) {
      const signal = end === 'leaves' ? client.signal : new AbortController().signal;
      const answers = [request([1]), request([-1], { signal })].map((r) => desk.batcher.enqueue(r));
      desk.pass(0);
      desk.taken.shift()!.reject(failed());
      desk.freeWorkers = 3;
      desk.pass(0);
      const [one, other] = desk.taken.splice(0);
      one!.resolve(echo(one!));
      if (end === 'leaves') client.abort();
      other!.reject(failed());
      await answers[0];
      await assert.rejects(answers[1]!, refusedWith(end === 'leaves' ? 'CLIENT_GONE' : 'ENGINE_FAILED'));
      desk.freeWorkers = 3;
    }
    assert.deepEqual([desk.faults, desk.batcher.config.maxRows], [[], 8]);
  });

  it('are repeated without padding where a lone request failed with it', async () => {
    const desk = openDesk({ buckets: [4, 8] }, 1);
    const answer = desk.batcher.enqueue(request([1, 2]));
    desk.pass(0);
    assert.equal(desk.taken[0]!.job.rows, 4);
    desk.taken.shift()!.reject(failed());
    desk.freeWorkers = 1;
    desk.pass(0);
    assert.equal(desk.taken[0]!.job.rows, 2);
    answerAll(desk);
    assert.deepEqual(numbersOf(await answer), [1, 2]);
    assert.deepEqual(desk.faults, [{ kind: 'failed', reason: 'bad' }]);
  });

  it('repeat their requests with the inputs that the worker gave back', async () => {
    const desk = openDesk({}, 2);
    const answers = [request([1]), request([2])].map((r) => desk.batcher.enqueue(r));
    desk.pass(0);
    const run = desk.taken.shift()!;
    run.reject(
      failed(),
      [7, 8].map((value) => request([value]).inputs),
    );
    desk.freeWorkers += 1;
    answerAll(desk);
    assert.deepEqual(
      (await Promise.all(answers)).map((answer) => numbersOf(answer)),
      [[7], [8]],
    );
  });

  it('are not repeated where their data went with the worker', async () => {
    const desk = openDesk({}, 1);
    const lost = request([1]);
    const { data } = lost.inputs.get('X') as { data: Int32Array<ArrayBuffer> };
    const answer = desk.batcher.enqueue(lost);
    desk.pass(0);
    structuredClone(data, { transfer: [data.buffer] });
    desk.taken[0]!.reject(new AppError('WORKER_LOST', 'crashed'));
    await assert.rejects(answer, refusedWith('WORKER_LOST'));
    assert.equal(desk.batcher.queuedRows, 0);
  });
});
