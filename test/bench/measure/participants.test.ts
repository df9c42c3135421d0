import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LoadGenerator } from '../../../bench/load/load.js';
import type { WindowResult } from '../../../bench/load/messages.js';
import type { Point } from '../../../bench/load/points.js';
import { measureServer, type PointLoad } from '../../../bench/measure/participants.js';
import { Histogram } from '../../../bench/stats/histogram.js';

const origin = { host: '127.0.0.1', port: 1, headers: {}, basePath: '' };
const point: Point = { scenario: 'latency', form: 'binary', batch: 3, arrivals: { kind: 'closed', concurrency: 1 } };

/** A load whose window had so many answers, of so many with its warm-up. */
function loadOf(completed: number, answered: number): PointLoad {
  const window: WindowResult = {
    latencies: new Histogram().toData(),
    elapsedMs: 30,
    completed,
    statuses: completed > 0 ? { 200: completed } : {},
    clientMs: { send: 1 / completed, receive: 2 / completed },
    serverMs: {},
    devices: {},
    backlog: 0,
  };
  const load: LoadGenerator = {
    run: () => Promise.resolve({ windows: [window], answered }),
    close: () => Promise.resolve(),
  };
  const timing = { windowMs: 30, warmupMs: 10 };
  return { point, payloads: [], load, timing, signal: new AbortController().signal };
}

/** A server whose readings of CPU seconds are these, one after the other. */
const serverOf = (...readings: readonly (number | undefined)[]) => {
  const left = [...readings];
  return { name: 's', origin, readCpuSeconds: () => Promise.resolve(left.shift()) };
};

describe('a server that is measured', () => {
  it('has the CPU time of an answer from those of warm-up and window', async () => {
    const { serverCpuMs, inferences, clientMs } = await measureServer(serverOf(2, 2.5), loadOf(40, 50)).measure();
    assert.deepEqual([serverCpuMs, inferences], [10, 120]);
    assert.deepEqual(clientMs, { send: 1 / 40, receive: 2 / 40 });
  });

  it('has no such figure where nothing was answered, so that its means over windows stay numbers', async () => {
    const { serverCpuMs, inferences, clientMs } = await measureServer(serverOf(2, 2.5), loadOf(0, 0)).measure();
    assert.deepEqual([serverCpuMs, inferences, clientMs], [null, 0, null]);
  });

  it('has no such figure where its CPU time cannot be read, before or after', async () => {
    for (const readings of [[], [2], [undefined, 2]]) {
      assert.equal((await measureServer(serverOf(...readings), loadOf(40, 50)).measure()).serverCpuMs, null);
    }
  });
});
