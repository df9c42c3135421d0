import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startRunner, type RunnerPool } from '../../src/workers/pool.js';
import type { RunJob, RunOutcome } from '../../src/workers/runner.js';
import { failsOnLargeIndex, putModel, sumAndDifference } from '../support/models.js';
import { firstSum, ints, Queue, specOf, sumJob } from './queue.js';

let folder: string;
let runner: RunnerPool;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-pool-'));
  runner = await startRunner({ workers: 2, env: process.env });
});
after(async () => {
  await runner.close();
  await rm(folder, { recursive: true });
});

const sums = (outcome: RunOutcome): number[] => [...(outcome.outputs.get('S')?.data as Int32Array)];

describe('the pool of workers', () => {
  it('loads a model on every worker and says what it takes and gives', async () => {
    const modelPath = await putModel(folder, { name: 'sums', graph: sumAndDifference });
    const session = await runner.load(specOf(modelPath), { instances: 'auto', next: () => undefined });
    assert.deepEqual(session.loaded, {
      inputs: ['A', 'B'].map((name) => ({ name, datatype: 'INT32', shape: [-1, 16] })),
      outputs: ['S', 'D'].map((name) => ({ name, datatype: 'INT32', shape: [-1, 16] })),
      placement: { device: 'cpu', nodes: {}, evidence: 'only-provider' },
      devices: ['cpu'],
      instances: 2,
      apart: false,
      decodesFiles: false,
      weights: { shared: false, reason: 'no cache folder is set' },
    });
    await session.unload();
    assert.deepEqual(
      runner.status().workers.map(({ sessions }) => sessions),
      [0, 0],
    );
  });

  it('runs what it pulls, with requests put together row by row and the last row repeated as padding', async () => {
    const modelPath = await putModel(folder, { name: 'merged', graph: sumAndDifference });
    const queue = new Queue();
    const session = await runner.load(specOf(modelPath), { instances: 'auto', next: queue.next });
    const requests = [1, 2].map(
      (rows) =>
        new Map([
          ['A', ints(rows, 0)],
          ['B', ints(rows, 100 * rows)],
        ]),
    );
    const outcome = await queue.run(session, { requests, rows: 4, outputs: ['S'] });
    const expected = [
      ...Array.from({ length: 16 }, (_, index) => 100 + 2 * index),
      ...Array.from({ length: 32 }, (_, index) => 200 + 2 * index),
    ];
    assert.deepEqual([...outcome.outputs.keys()], ['S']);
    assert.deepEqual(outcome.outputs.get('S')?.shape, [4, 16]);
    assert.deepEqual(sums(outcome), [...expected, ...expected.slice(-16)]);
    await session.unload();
  });

  it('answers many runs, each with its own figures', async () => {
    const modelPath = await putModel(folder, { name: 'many', graph: sumAndDifference });
    const queue = new Queue();
    const session = await runner.load(specOf(modelPath), { instances: 'auto', next: queue.next });
    const outcomes = await Promise.all(Array.from({ length: 200 }, (_, index) => queue.run(session, sumJob(index, 0))));
    assert.deepEqual(
      outcomes.map(firstSum),
      outcomes.map((_, index) => index),
    );
    await session.unload();
  });

  it('fails one run with the reason and serves the next', async () => {
    const modelPath = await putModel(folder, { name: 'picky', graph: failsOnLargeIndex });
    const queue = new Queue();
    const session = await runner.load(specOf(modelPath), { instances: 1, next: queue.next });
    const job = (value: bigint): RunJob => ({
      requests: [new Map([['X', { datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(value) }]])],
      rows: 1,
      outputs: ['Y'],
    });
    await assert.rejects(queue.run(session, job(7n)), {
      code: 'ENGINE_FAILED',
      message: /indices element out of data bounds, idx=7/,
    });
    const outcome = await queue.run(session, job(1n));
    assert.deepEqual([...(outcome.outputs.get('Y')?.data as Float32Array)], [20]);
    assert.equal(session.loaded.instances, 1);
    await session.unload();
  });

  it('refuses a file that is no model with the reason, on no worker', async () => {
    await assert.rejects(runner.load(specOf(join(folder, 'none.onnx')), { instances: 'auto', next: () => undefined }), {
      code: 'MODEL_INVALID',
      message: /Cannot load .*none\.onnx on cpu: the file does not exist/,
    });
  });
});
