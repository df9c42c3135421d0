import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { AppError } from '../../src/errors.js';
import type { PendingRun } from '../../src/workers/runner.js';
import { echo, openDesk, request } from './desk.js';

afterEach(() => mock.timers.reset());

/** Runs here are counted, and succeed unless told otherwise. */
function hereAndThere(outcome: 'succeeds' | 'fails' = 'succeeds') {
  const here: PendingRun[] = [];
  const run = (pending: PendingRun): void => {
    here.push(pending);
    if (outcome === 'succeeds') pending.resolve(echo(pending));
    else pending.reject(new AppError('ENGINE_FAILED', 'it failed'));
  };
  return { here, inline: { mayRun: () => true, run } };
}

describe('a batcher whose runs are cheap', () => {
  it('runs a lone request at once where the model does not batch, also while others are with the workers', async () => {
    const { here, inline } = hereAndThere();
    const desk = openDesk({ maxRows: 0 }, 1, inline);
    const result = desk.batcher.enqueue(request([5]));
    assert.equal(here.length, 1);
    assert.deepEqual([...((await result).outputs.get('Y')?.data as Int32Array)], [5, 5]);
    assert.equal(desk.taken.length, 0);
    assert.equal(desk.batcher.queuedRows, 0);
    assert.equal(desk.records.length, 1);
  });

  it('joins what comes in one turn of the event loop for the workers, and runs what came alone here', async () => {
    const { here, inline } = hereAndThere();
    const desk = openDesk({ maxRows: 8 }, 1, inline);
    const together = [desk.batcher.enqueue(request([1])), desk.batcher.enqueue(request([2]))];
    desk.pass(0);
    assert.equal(here.length, 0);
    assert.deepEqual(
      desk.taken.map(({ job }) => job.requests.length),
      [2],
    );
    for (const run of desk.taken) run.resolve(echo(run));
    await Promise.all(together);
    const alone = desk.batcher.enqueue(request([3]));
    desk.pass(0);
    assert.equal(here.length, 1);
    assert.deepEqual([...((await alone).outputs.get('Y')?.data as Int32Array)], [3, 3]);
  });

  it('leaves a request behind others that wait to the workers', () => {
    const { here, inline } = hereAndThere();
    let may = false;
    const desk = openDesk({ maxRows: 0 }, 0, { ...inline, mayRun: () => may });
    void desk.batcher.enqueue(request([1]));
    may = true;
    void desk.batcher.enqueue(request([2]));
    assert.equal(here.length, 0);
    assert.equal(desk.batcher.queuedRows, 2);
  });

  it('fails a request that fails here, as one that fails there', async () => {
    const { inline } = hereAndThere('fails');
    const desk = openDesk({ maxRows: 0 }, 1, inline);
    await assert.rejects(desk.batcher.enqueue(request([1])), { code: 'ENGINE_FAILED', message: 'it failed' });
    assert.equal(desk.taken.length, 0);
  });
});
