import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBareServer } from '../../../bench/baselines/bare-server.js';
import { startRawLoop } from '../../../bench/baselines/raw-loop.js';
import type { RawSetup } from '../../../bench/baselines/raw-messages.js';
import { mergeHistograms } from '../../../bench/stats/histogram.js';
import { putModel, sumAndDifference } from '../../support/models.js';

let folder = '';
before(async () => (folder = await mkdtemp(join(tmpdir(), 'baselines-'))));
after(() => rm(folder, { recursive: true }));

function setup(modelPath: string): RawSetup {
  const spec = {
    modelPath,
    logId: 'raw',
    provider: 'cpu',
    deviceId: 0,
    strict: false,
    intraOpThreads: 1,
    optimised: false,
  } as const;
  return { spec, threads: 2 };
}

describe('the raw loop', () => {
  it('counts the runs of the threads that an order asks for, one order after another', async (context) => {
    const loop = await startRawLoop(setup(await putModel(folder, { name: 'm', graph: sumAndDifference })));
    context.after(() => loop.close());
    assert.match(loop.runtimeVersion, /^\d+\.\d+/);
    for (const [active, rows] of [
      [1, 1],
      [2, 4],
    ] as const) {
      const { runs, elapsedMs, latencies } = await loop.run({ rows, variable: 1, active, warmupMs: 20, windowMs: 60 });
      assert.ok(runs > 0 && elapsedMs >= 60);
      const merged = mergeHistograms([latencies]);
      assert.equal(merged.count, runs);
      const runningMs = merged.meanMs * runs;
      const most = active * elapsedMs * (1 + 1e-9);
      assert.ok(runningMs <= most, `${runningMs} ms of runs in ${elapsedMs} ms of ${active} threads`);
    }
  });

  it('says why a model cannot be loaded', async () => {
    await assert.rejects(startRawLoop(setup(join(folder, 'none.onnx'))), {
      code: 'ENGINE_FAILED',
      message: /none\.onnx/,
    });
  });

  it('says why a model cannot run, and goes on with the next order', async (context) => {
    const loop = await startRawLoop(setup(await putModel(folder, { name: 'm', graph: sumAndDifference })));
    context.after(() => loop.close());
    const order = { rows: 1, variable: 1, active: 1, warmupMs: 0, windowMs: 10 };
    assert.ok((await loop.run(order)).runs > 0);
    await assert.rejects(loop.run({ ...order, rows: -1 }), { code: 'ENGINE_FAILED', message: /length/ });
    assert.ok((await loop.run(order)).runs > 0);
  });
});

describe('the bare server', () => {
  it('gives every request the same answer, and parses what it is sent', async () => {
    const server = await startBareServer({ contentType: 'application/json', body: Buffer.from('{"x":1}') });
    const url = `http://127.0.0.1:${server.port}/v2/models/m/infer`;
    const answer = await fetch(url, { method: 'POST', body: '{"inputs":[]}' });
    assert.deepEqual([answer.status, await answer.json()], [200, { x: 1 }]);
    await server.setAnswer({ contentType: 'text/plain', body: Buffer.from('other') });
    assert.equal(await (await fetch(url)).text(), 'other');
    await server.close();
    await assert.rejects(fetch(url));
  });
});
