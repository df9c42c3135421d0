import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startRunner, type RunnerPool } from '../../../src/workers/pool.js';
import type { LoadOptions, RunJob } from '../../../src/workers/runner.js';
import type { WideChange } from '../../../src/workers/wide/wide-session.js';
import { putModel, slowProduct } from '../../support/models.js';
import { Queue, specOf } from '../queue.js';

let folder: string;
let runner: RunnerPool;
const told: WideChange[] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-wide-'));
  runner = await startRunner({
    workers: 2,
    env: process.env,
    wideThreads: 2,
    weightsCache: { folder: join(folder, 'cache') },
    events: { onWide: (event) => told.push(event) },
  });
});
after(async () => {
  await runner.close();
  await rm(folder, { recursive: true });
});

const jobOf = (x: number): RunJob => ({
  requests: [new Map([['X', { datatype: 'FP32', shape: [1], data: new Float32Array([x]) }]])],
  rows: 0,
  outputs: ['M'],
});
const held = () => runner.status().workers.map(({ sessions }) => sessions);

/** A model whose run takes many milliseconds. */
async function load(name: string, options: Partial<LoadOptions> = {}) {
  const queue = new Queue();
  const modelPath = await putModel(folder, { name, graph: slowProduct(12) });
  const session = await runner.load(specOf(modelPath), {
    instances: 'auto',
    next: queue.next,
    mayRunWide: true,
    ...options,
  });
  const run = async (x: number) => (await queue.run(session, jobOf(x))).outputs.get('M')?.data[0];
  return { session, run };
}

describe('a pool whose runs may take the threads of all workers', () => {
  it('loads the session for them once lone runs prove long, answers the same, and releases it with the model', async () => {
    const { session, run } = await load('long');
    assert.deepEqual(held(), [1, 1]);
    const before = runner.status().wideRuns;
    for (let n = 0; told.length === 0; n++) {
      assert.ok(n < 5000, 'no trial has ended');
      const x = (n % 2 === 0 ? 1 : -1) * 2 ** ((n % 60) - 30);
      assert.equal(await run(x), x / 512);
    }
    assert.deepEqual(held(), [2, 1]);
    assert.ok(runner.status().wideRuns - before >= 16, String(runner.status().wideRuns));
    assert.match(
      told[0]?.reason ?? '',
      /^it takes \d+\.\d ms with the threads of all workers, and \d+\.\d ms with those/,
    );
    await session.unload();
    assert.deepEqual(held(), [0, 0]);
  });

  it('leaves models alone whose threads were chosen', async () => {
    const before = runner.status().wideRuns;
    const chosen = await load('chosen', { mayRunWide: false });
    for (let n = 0; n < 60; n++) await chosen.run(n);
    assert.deepEqual(held(), [1, 1]);
    await chosen.session.unload();
    assert.equal(runner.status().wideRuns, before);
  });

  it('lets a model go while it loads the session', async () => {
    const { session, run } = await load('leaving');
    for (let n = 0; n < 16; n++) await run(n);
    await session.unload();
    assert.deepEqual(held(), [0, 0]);
  });
});
