import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { processLink } from '../../../src/workers/processes/process-link.js';
import { TrialProcesses, type TrialProcessesOptions } from '../../../src/workers/processes/trial-processes.js';

const day = 24 * 3600 * 1000;
const entry = new URL('../../../src/workers/host/worker-process.js', import.meta.url);

function start(t: TestContext, options: Partial<TrialProcessesOptions>): TrialProcesses {
  const events = { onFree: () => undefined, onLost: () => undefined };
  const open = processLink(entry, process.env, { niceness: 5 });
  const trials = new TrialProcesses({ most: 1, slowMs: day, idleMs: day, open, events, ...options });
  t.after(() => trials.stop());
  return trials;
}

describe('processes that try models', () => {
  it('try one model after another', async (t) => {
    const trials = start(t, {});
    const first = await trials.acquire();
    const order: string[] = [];
    const second = trials.acquire().then((worker) => (order.push('begun'), worker));
    order.push('released');
    await trials.release(first);
    assert.equal(await second, first);
    assert.deepEqual(order, ['released', 'begun']);
  });

  it('are started anew where one was lost', async (t) => {
    const trials = start(t, {});
    const first = await trials.acquire();
    first.kill('it hangs');
    await trials.release(first);
    const second = await trials.acquire();
    assert.deepEqual([first.name, second.name, second.state], ['trial-1', 'trial-2', 'idle']);
    assert.equal(trials.has(first), false);
  });

  it('make room for the next while a slow one goes on, and only one for each', async (t) => {
    const trials = start(t, { slowMs: 1 });
    const slow = await trials.acquire();
    const next = await trials.acquire();
    assert.deepEqual([slow.state, next.state], ['idle', 'idle']);
    assert.notEqual(next, slow);
    await Promise.all([trials.release(slow), trials.release(next)]);
    assert.ok(trials.has(await trials.acquire()));
  });

  it('that wait for room are refused when the server stops, and those under way end', async (t) => {
    const trials = start(t, {});
    const first = await trials.acquire();
    const waiting = trials.acquire();
    await Promise.all([trials.stop(), assert.rejects(waiting, { code: 'SHUTTING_DOWN' })]);
    assert.equal(first.state, 'stopped');
  });

  it('end when they have had nothing to do for a while', async (t) => {
    const trials = start(t, { idleMs: 1 });
    const worker = await trials.acquire();
    await trials.release(worker);
    while (worker.state !== 'stopped') await new Promise(setImmediate);
    assert.equal(trials.has(worker), false);
  });
});
