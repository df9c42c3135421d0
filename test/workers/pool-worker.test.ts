import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Link, OpenLink } from '../../src/workers/link/link.js';
import { PoolWorker } from '../../src/workers/pool-worker.js';

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
