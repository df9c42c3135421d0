import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createBatcher } from '../../src/batching/batcher.js';
import type { Batcher, QueuedRequest, RunRecord } from '../../src/batching/types.js';
import type { Graph } from '../../src/model/onnx/writer.js';
import type { NamedTensors } from '../../src/tensor/tensor.js';
import { startRunner, type RunnerPool } from '../../src/workers/pool.js';
import type { RunnerSession } from '../../src/workers/runner.js';
import { failsOnLargeIndex, putModel, sumAndDifference } from '../support/models.js';
import { ints, specOf } from '../workers/queue.js';

let folder: string;
let runner: RunnerPool;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-batching-'));
  runner = await startRunner({ workers: 2, env: process.env });
});
after(async () => {
  await runner.close();
  await rm(folder, { recursive: true });
});

/** A model on real threads behind a batcher. */
async function serve(graph: Graph): Promise<{ batcher: Batcher; session: RunnerSession; records: RunRecord[] }> {
  const modelPath = await putModel(folder, { name: graph.name, graph });
  const records: RunRecord[] = [];
  const desk: { batcher?: Batcher } = {};
  const session = await runner.load(specOf(modelPath), {
    instances: 'auto',
    next: (freeWorkers) => desk.batcher?.next(freeWorkers),
  });
  const batcher = (desk.batcher = createBatcher({
    model: graph.name,
    config: {
      maxRows: 8,
      isRequestLimit: false,
      maxDelayMs: 0,
      buckets: [1, 2, 4, 8],
      maxQueueRows: 1000,
      maxQueueMs: 0,
      queueTimeoutMs: 0,
    },
    wake: () => session.wake(),
    hasFreeWorker: () => session.hasFreeWorker(),
    clock: () => performance.now(),
    onRun: (record) => records.push(record),
  }));
  return { batcher, session, records };
}

const ask = (inputs: NamedTensors, rows: number, outputs: readonly string[]): QueuedRequest => ({
  inputs,
  outputs,
  rows,
  priority: 0,
  queueTimeoutMs: 0,
});

describe('a batcher with real workers', () => {
  it('answers many requests of one to three rows, each its own, in fewer runs', async () => {
    const { batcher, session, records } = await serve(sumAndDifference);
    const requests = Array.from({ length: 100 }, (_, n) => ({ n, rows: 1 + (n % 3) }));
    const results = await Promise.all(
      requests.map(({ n, rows }) => {
        const inputs = new Map([
          ['A', ints(rows, n)],
          ['B', ints(rows, 1000)],
        ]);
        return batcher.enqueue(ask(inputs, rows, n % 2 === 0 ? ['S'] : ['S', 'D']));
      }),
    );
    results.forEach(({ outputs }, n) => {
      const { rows } = requests[n]!;
      const counted = Array.from({ length: rows * 16 }, (_, at) => at);
      assert.deepEqual([...outputs.keys()], n % 2 === 0 ? ['S'] : ['S', 'D']);
      assert.deepEqual(outputs.get('S')!.shape, [rows, 16]);
      assert.deepEqual(
        Array.from(outputs.get('S')!.data as Int32Array),
        counted.map((at) => n + 1000 + 2 * at),
      );
      if (n % 2 === 1) assert.deepEqual(new Set(outputs.get('D')!.data as Int32Array), new Set([n - 1000]));
    });
    assert.equal(
      records.reduce((sum, { rows }) => sum + rows, 0),
      requests.reduce((sum, { rows }) => sum + rows, 0),
    );
    assert.ok(records.length < 50, `${records.length} runs`);
    await batcher.drain();
    await session.unload();
  });

  it('fails a request whose data fails the run, and none of those that shared it', async () => {
    const { batcher, session } = await serve(failsOnLargeIndex);
    const answers = await Promise.allSettled(
      [0n, 1n, 99n, 2n].map((index) => {
        const x = { datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(index) } as const;
        return batcher.enqueue(ask(new Map([['X', x]]), 1, ['Y']));
      }),
    );
    const seen = answers.map((answer) =>
      answer.status === 'fulfilled'
        ? Array.from(answer.value.outputs.get('Y')!.data as Float32Array)
        : (answer.reason as { code: string }).code,
    );
    assert.deepEqual(seen, [[10], [20], 'ENGINE_FAILED', [30]]);
    await batcher.drain();
    await session.unload();
  });
});
