import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { startRunner, type RunnerOptions, type RunnerPool } from '../../src/workers/pool.js';
import { mlp } from '../support/mlp.js';
import { putModel, sumAndDifference } from '../support/models.js';
import { firstSum, onesJob, Queue, specOf, sumJob } from './queue.js';

const crashing = new URL('./crashing-worker.js', import.meta.url);
const crash = sumJob(0, 0, ['S', 'CRASH']);
let folder: string;
let sums: string;
let slow: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-lifecycle-'));
  sums = await putModel(folder, { name: 'sums', graph: sumAndDifference });
  slow = await putModel(folder, { name: 'slow', graph: mlp({ width: 256, layers: 8 }) });
});
after(() => rm(folder, { recursive: true }));

async function start(t: TestContext, options: Partial<RunnerOptions> = {}): Promise<RunnerPool> {
  const runner = await startRunner({ workers: 1, env: process.env, ...options });
  t.after(() => runner.close());
  return runner;
}

/** Resolves with the first event of a kind. */
function listen<Event>(): { readonly heard: Promise<Event>; readonly hear: (event: Event) => void } {
  let hear: (event: Event) => void = () => undefined;
  const heard = new Promise<Event>((resolve) => (hear = resolve));
  return { heard, hear: (event) => hear(event) };
}

describe('a worker that is lost', () => {
  it('fails only its own run, comes back with its models, and serves what waited', async (t) => {
    const lost = listen<{ worker: string; reason: string }>();
    const back = listen<{ worker: string; failures: readonly string[] }>();
    const runner = await start(t, {
      entry: crashing,
      events: { onWorkerLost: lost.hear, onWorkerRestarted: back.hear },
    });
    const queue = new Queue();
    const session = await runner.load(specOf(sums), { instances: 1, next: queue.next });
    const crashed = queue.run(session, crash);
    const waiting = queue.run(session, sumJob(2, 3));
    await assert.rejects(crashed, {
      code: 'WORKER_LOST',
      message: /cpu-0 was lost while it worked: crashed on request/,
    });
    assert.deepEqual(await lost.heard, { worker: 'cpu-0', reason: 'crashed on request' });
    assert.equal(session.hasFreeWorker(), false);
    assert.equal(firstSum(await waiting), 5);
    assert.deepEqual(await back.heard, { worker: 'cpu-0', failures: [] });
    const { restarts, healthy } = runner.status();
    assert.deepEqual([restarts, healthy], [1, true]);
  });

  it('is none where a trial was ended since nobody waits for it: a stop during a start is no failure', async (t) => {
    const lost: unknown[] = [];
    const runner = await start(t, { events: { onWorkerLost: (event) => lost.push(event) } });
    const [trial, signal] = [{ loadLimitMs: 60_000 }, AbortSignal.abort()];
    const load = runner.load(specOf(sums), { instances: 1, next: () => undefined, trial, signal });
    await assert.rejects(load, { code: 'WORKER_LOST', message: /nobody waits for it any more/ });
    assert.deepEqual(lost, []);
  });

  it('leaves the others serving', async (t) => {
    const runner = await start(t, { workers: 2, entry: crashing });
    const queue = new Queue();
    const session = await runner.load(specOf(sums), { instances: 'auto', next: queue.next });
    const crashed = assert.rejects(queue.run(session, crash), { code: 'WORKER_LOST' });
    const served = await Promise.all([1, 2, 3].map((value) => queue.run(session, sumJob(value, 0))));
    assert.deepEqual(served.map(firstSum), [1, 2, 3]);
    await crashed;
  });

  it('too often is not started again: the runner is unhealthy and refuses what waits', async (t) => {
    const respawn = { maxLosses: 2, windowMs: 60_000, firstDelayMs: 1, longestDelayMs: 1 };
    const told: string[] = [];
    const onGivenUp = (event: { readonly reason: string }) => told.push(event.reason);
    const runner = await start(t, { entry: crashing, respawn, events: { onGivenUp } });
    const queue = new Queue();
    const session = await runner.load(specOf(sums), { instances: 1, next: queue.next });
    const crashes = await Promise.allSettled([crash, crash].map((job) => queue.run(session, job)));
    assert.deepEqual(
      crashes.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    const { healthy, reason } = runner.status();
    assert.equal(healthy, false);
    assert.match(reason ?? '', /^2 workers were lost within 60 s; .*crashed on request$/);
    assert.deepEqual(told, [reason]);
    await assert.rejects(queue.run(session, sumJob(1, 1)), { code: 'WORKER_LOST', message: /No worker holds m/ });
    await assert.rejects(session.runOn(0, sumJob(1, 1)), { code: 'WORKER_LOST' });
    await session.unload();
  });

  it('does not come back with a model file that has changed meanwhile', async (t) => {
    const back = listen<{ worker: string; failures: readonly string[] }>();
    const runner = await start(t, { entry: crashing, events: { onWorkerRestarted: back.hear } });
    const modelPath = await putModel(folder, { name: 'changing', graph: sumAndDifference });
    const queue = new Queue();
    const session = await runner.load(specOf(modelPath), { instances: 1, next: queue.next });
    await putModel(folder, { name: 'changing', graph: mlp({ width: 16, layers: 1 }) });
    const crashed = assert.rejects(queue.run(session, crash), { code: 'WORKER_LOST' });
    await assert.rejects(queue.run(session, sumJob(1, 1)), { code: 'WORKER_LOST', message: /did not load again/ });
    await crashed;
    assert.match((await back.heard).failures.join(), /changing.* changed on disk since it was loaded/);
    await assert.rejects(queue.run(session, sumJob(1, 1)), { code: 'WORKER_LOST' });
  });

  it('before it is ready fails the start', async () => {
    const entry = new URL('./no-such-worker.js', import.meta.url);
    await assert.rejects(startRunner({ workers: 2, env: process.env, entry }), {
      code: 'WORKER_LOST',
      message: /ended before it was ready: Cannot find module/,
    });
  });
});

describe('the end of the workers', () => {
  it('waits for the run that a worker is busy with', async (t) => {
    const runner = await start(t);
    const queue = new Queue();
    const session = await runner.load(specOf(slow), { instances: 1, next: queue.next });
    const order: string[] = [];
    const running = queue.run(session, onesJob(512, 256)).then(() => order.push('ran'));
    assert.equal(runner.status().busyWorkers, 1);
    await Promise.all([running, runner.close().then(() => order.push('closed'))]);
    assert.deepEqual(order, ['ran', 'closed']);
    assert.deepEqual(
      runner.status().workers.map(({ state }) => state),
      ['stopped'],
    );
  });

  it('refuses what comes afterwards', async (t) => {
    const runner = await start(t);
    const queue = new Queue();
    const session = await runner.load(specOf(sums), { instances: 1, next: queue.next });
    await runner.close();
    await assert.rejects(queue.run(session, sumJob(1, 1)), { code: 'SHUTTING_DOWN' });
    await assert.rejects(runner.load(specOf(sums), { instances: 1, next: queue.next }), { code: 'SHUTTING_DOWN' });
    await assert.rejects(session.runOn(0, sumJob(1, 1)), { code: 'SHUTTING_DOWN' });
  });
});

describe('the watchdog', () => {
  it('reports a run that passes its limit, with the model and the worker', async (t) => {
    const stuck = listen<{ worker: string; session: string; runningMs: number }>();
    const runner = await start(t, { runLimitMs: 10, events: { onStuck: stuck.hear } });
    const queue = new Queue();
    const session = await runner.load(specOf(slow, 'slow/1'), { instances: 1, next: queue.next });
    const running = queue.run(session, onesJob(16_384, 256));
    const { worker, session: name, runningMs } = await stuck.heard;
    assert.deepEqual([worker, name], ['cpu-0', 'slow/1']);
    assert.ok(runningMs > 10);
    await running;
  });
});

describe('several models on one worker', () => {
  it('take turns, so that a busy one does not hold up the others', async (t) => {
    const runner = await start(t);
    const [busy, quiet] = [new Queue(), new Queue()];
    const busySession = await runner.load(specOf(sums, 'busy'), { instances: 1, next: busy.next });
    const quietSession = await runner.load(specOf(sums, 'quiet'), { instances: 1, next: quiet.next });
    const order: string[] = [];
    const runs = Array.from({ length: 50 }, () => busy.run(busySession, sumJob(1, 1)).then(() => order.push('busy')));
    runs.push(quiet.run(quietSession, sumJob(1, 1)).then(() => order.push('quiet')));
    await Promise.all(runs);
    assert.ok(order.indexOf('quiet') <= 2, `served as number ${order.indexOf('quiet')}`);
  });

  it('let a warm-up run ahead of what is queued, and count from instance 0', async (t) => {
    const runner = await start(t);
    const queue = new Queue();
    const session = await runner.load(specOf(sums), { instances: 1, next: queue.next });
    const order: number[] = [];
    const runs = [1, 2, 3].map((value) => queue.run(session, sumJob(value, 0)).then(() => order.push(value)));
    runs.push(session.runOn(0, sumJob(9, 0)).then(() => order.push(9)));
    await Promise.all(runs);
    assert.deepEqual(order, [1, 9, 2, 3]);
    await assert.rejects(session.runOn(1, sumJob(1, 1)), /Instance 1 of 1 does not exist/);
  });
});

describe('buffers on their way to a worker', () => {
  it('move when they are large and stay when they are small', async (t) => {
    const runner = await start(t);
    const session = await runner.load(specOf(slow), { instances: 1, next: () => undefined });
    const sizes = [1, 16].map(async (rows) => {
      const job = onesJob(rows, 256);
      const data = job.requests[0]?.get('X')?.data as Float32Array;
      await session.runOn(0, { ...job, rows });
      return data.byteLength;
    });
    assert.deepEqual(await Promise.all(sizes), [1024, 0]);
  });

  it('carry only the tensor when it is a small view of a large buffer', async (t) => {
    const runner = await start(t);
    const session = await runner.load(specOf(sums), { instances: 1, next: () => undefined });
    const body = new Int32Array(1 << 20).fill(4);
    const view = { datatype: 'INT32', shape: [1, 16], data: body.subarray(100, 116) } as const;
    const request = new Map([
      ['A', view],
      ['B', view],
    ]);
    const outcome = await session.runOn(0, { requests: [request], rows: 1, outputs: ['S'] });
    assert.equal(firstSum(outcome), 8);
    assert.equal(body.length, 1 << 20);
  });
});
