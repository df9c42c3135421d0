import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Link, LinkEvents, OpenLink } from '../../src/workers/link/link.js';
import { PoolWorker, type Task } from '../../src/workers/pool-worker.js';
import type { Work } from '../../src/workers/run-journal.js';

const events = { onFree: () => undefined, onLost: () => undefined };
const send = (): void => undefined;

describe('a worker that does not become ready', () => {
  it('is ended after its limit where it is a process, and its start fails with the reason', async () => {
    const open: OpenLink = (_name, { onEnd }): Link => ({ send, kill: () => onEnd('signal SIGKILL', 'killed') });
    const worker = new PoolWorker({ name: 'apart-1', open, events });
    await assert.rejects(worker.start(1), { code: 'WORKER_LOST', message: /apart-1 .*not ready within 0\.001 s/ });
    assert.equal(worker.state, 'lost');
  });

  it('fails its start where it is a thread, which nothing can end', async () => {
    const worker = new PoolWorker({ name: 'cpu-0', open: () => ({ send }), events });
    await assert.rejects(worker.start(1), { code: 'WORKER_LOST', message: /cpu-0 did not start: .*within 0\.001 s/ });
    assert.equal(worker.state, 'starting');
  });
});

describe('a thread that is told to stop', () => {
  for (const phase of ['loading', 'warming'] as const)
    it(`is not waited for beyond its limit while it is ${phase} a model, and drops the loads behind that`, async () => {
      const { worker, refused, task } = await startThread();
      worker.submit(task({ session: 1, phase }));
      worker.submit(task({ session: 2, phase: 'loading' }));
      await worker.stop(1);
      assert.deepEqual(refused, [2]);
      assert.equal(worker.isWorking, true);
    });

  it('is waited for while it runs a request', async () => {
    const { worker, task, answer, end } = await startThread();
    worker.submit(task({ session: 1, phase: 'running' }));
    let isStopped = false;
    const stopped = worker.stop(1).then(() => (isStopped = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(isStopped, false);
    answer();
    end();
    await stopped;
    assert.equal(worker.isWorking, false);
  });
});

/** A thread that does nothing by itself; `refused` are the sessions whose tasks were. */
async function startThread() {
  let link: LinkEvents | undefined;
  const open: OpenLink = (_name, given) => {
    link = given;
    return { send };
  };
  const worker = new PoolWorker({ name: 'cpu-0', open, events });
  const started = worker.start();
  link?.onAnswer({ kind: 'started', runtimeVersion: '1' });
  await started;
  const refused: number[] = [];
  const task = (work: Omit<Work, 'record'>): Task => ({
    message: { kind: 'unload', session: work.session },
    work: { ...work, record: Buffer.alloc(0) },
    resolve: () => undefined,
    reject: () => void refused.push(work.session),
  });
  const answer = (): void => link?.onAnswer({ kind: 'unloaded' });
  return { worker, refused, task, answer, end: () => link?.onEnd('exit code 0', 'fault') };
}
