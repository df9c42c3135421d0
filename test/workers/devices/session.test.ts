import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startRunner, type RunnerPool } from '../../../src/workers/pool.js';
import { putModel, sumAndDifference } from '../../support/models.js';
import { firstSum, Queue, specOf, sumJob } from '../queue.js';

let folder: string;
let runner: RunnerPool;
let modelPath: string;
let onRestart: (event: { readonly worker: string; readonly failures: readonly string[] }) => void = () => undefined;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-devices-'));
  modelPath = await putModel(folder, { name: 'sums', graph: sumAndDifference });
  runner = await startRunner({
    workers: 1,
    env: process.env,
    entry: new URL('./pretended-gpus.js', import.meta.url),
    events: { onWorkerRestarted: (event) => onRestart(event) },
  });
});
after(async () => {
  await runner.close();
  await rm(folder, { recursive: true });
});

const onGpus = { ...specOf('', 'sums'), provider: 'cuda', strict: true } as const;

async function load(deviceIds: readonly number[]) {
  const queue = new Queue();
  const how = { instances: 'auto', deviceIds, next: queue.next } as const;
  const session = await runner.load({ ...onGpus, modelPath, deviceId: deviceIds[0] ?? 0 }, how);
  return { queue, session };
}

const workersNamed = (start: string) => runner.status().workers.filter(({ name }) => name.startsWith(start));

describe('a session on several GPUs', () => {
  it('has an instance on each, in a thread of its own', async () => {
    const { session } = await load([0, 1, 3]);
    const { devices, instances, placement } = session.loaded;
    assert.deepEqual([devices, instances, placement.device], [['cuda:0', 'cuda:1', 'cuda:3'], 3, 'cuda:0']);
    const held = workersNamed('gpu').map(({ name, sessions }) => [name, sessions]);
    assert.deepEqual(held, [
      ['gpu-0', 1],
      ['gpu-1', 1],
      ['gpu-3', 1],
    ]);
    assert.deepEqual(
      workersNamed('cpu').map(({ sessions }) => sessions),
      [0],
    );
    await session.unload();
    assert.deepEqual(
      workersNamed('gpu').map(({ sessions }) => sessions),
      [0, 0, 0],
    );
  });

  it('has several threads on one GPU where it has several instances there', async () => {
    const { queue, session } = await load([4, 5, 4, 5, 4]);
    assert.deepEqual([session.loaded.devices, session.loaded.instances], [['cuda:4', 'cuda:5'], 5]);
    const held = workersNamed('gpu-4')
      .concat(workersNamed('gpu-5'))
      .filter(({ sessions }) => sessions > 0);
    assert.deepEqual(
      held.map(({ name }) => name),
      ['gpu-4', 'gpu-4.2', 'gpu-4.3', 'gpu-5', 'gpu-5.2'],
    );
    const many = await Promise.all(Array.from({ length: 5 }, (_, n) => queue.run(session, sumJob(n, 1))));
    assert.deepEqual(
      many.map((outcome) => [outcome.device, firstSum(outcome)]),
      [1, 2, 3, 4, 5].map((sum, at) => [`cuda:${4 + (at % 2)}`, sum]),
    );
    await session.unload();
  });

  it('gives a run to a GPU that is free, and tells with each answer which one computed', async () => {
    const { queue, session } = await load([0, 1, 2]);
    const outcomes = await Promise.all([1, -2, 2 ** 30].map((a) => queue.run(session, sumJob(a, 100))));
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.device, firstSum(outcome)]),
      [
        ['cuda:0', 101],
        ['cuda:1', 98],
        ['cuda:2', 2 ** 30 + 100],
      ],
    );
    const many = await Promise.all(Array.from({ length: 40 }, (_, n) => queue.run(session, sumJob(n, 1))));
    assert.deepEqual(
      many.map(firstSum),
      Array.from({ length: 40 }, (_, n) => n + 1),
    );
    await session.unload();
  });

  it('says nothing of devices with the answers of a session that is on one', async () => {
    const { queue, session } = await load([1]);
    assert.deepEqual(session.loaded.devices, ['cuda:1']);
    assert.equal((await queue.run(session, sumJob(1, 2))).device, undefined);
    await session.unload();
  });

  it('goes on with the others when the thread of one is lost, which comes back to the same GPU', async () => {
    const { queue, session } = await load([0, 1]);
    const restarted = new Promise<{ readonly worker: string; readonly failures: readonly string[] }>(
      (resolve) => (onRestart = resolve),
    );
    await assert.rejects(queue.run(session, sumJob(1, 2, ['CRASH'])), { code: 'WORKER_LOST' });
    const meanwhile = await queue.run(session, sumJob(5, 2));
    assert.deepEqual([meanwhile.device, firstSum(meanwhile)], ['cuda:1', 7]);
    assert.deepEqual(await restarted, { worker: 'gpu-0', failures: [] });
    const both = await Promise.all([1, 2].map((a) => queue.run(session, sumJob(a, 0))));
    assert.deepEqual(
      both.map(({ device }) => device),
      ['cuda:0', 'cuda:1'],
    );
    await session.unload();
  });

  it('does not load where one of them cannot hold it, and names that one', async () => {
    await assert.rejects(load([0, 9]), { code: 'ENGINE_FAILED', message: 'On GPU 9: CUDA error 2: out of memory' });
    assert.deepEqual(
      workersNamed('gpu').map(({ sessions }) => sessions),
      workersNamed('gpu').map(() => 0),
    );
  });
});
