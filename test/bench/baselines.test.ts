import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBareServer } from '../../bench/baselines/bare-server.js';
import { runRawLoop } from '../../bench/baselines/raw-loop.js';
import type { RawOrder } from '../../bench/baselines/raw-messages.js';
import { drawInputs } from '../../bench/synthetic-inputs.js';
import { mergeHistograms } from '../../bench/stats/histogram.js';
import { datatypes, type Datatype } from '../../src/tensor/datatype.js';
import { putModel, sumAndDifference } from '../support/models.js';

let folder = '';
before(async () => (folder = await mkdtemp(join(tmpdir(), 'baselines-'))));
after(() => rm(folder, { recursive: true }));

function order(modelPath: string): RawOrder {
  const spec = {
    modelPath,
    logId: 'raw',
    provider: 'cpu',
    deviceId: 0,
    strict: false,
    intraOpThreads: 1,
    optimised: false,
  } as const;
  return { spec, threads: 2, rows: 4, warmupMs: 20, windowMs: 60, windows: 3 };
}

describe('the raw loop', () => {
  it('counts the runs of all threads window by window', async () => {
    const windows = await runRawLoop(order(await putModel(folder, { name: 'm', graph: sumAndDifference })));
    assert.equal(windows.length, 3);
    for (const { runs, latencies } of windows) {
      assert.ok(runs > 20, `${runs} runs of a tiny model in 60 ms`);
      assert.equal(mergeHistograms([latencies]).count, runs);
    }
  });

  it('says why a model cannot run', async () => {
    await assert.rejects(runRawLoop(order(join(folder, 'none.onnx'))), {
      code: 'ENGINE_FAILED',
      message: /none\.onnx/,
    });
  });
});

describe('the bare server', () => {
  it('gives every request the same answer, and parses what it is sent', async () => {
    const server = await startBareServer({ contentType: 'application/json', body: Buffer.from('{"x":1}') });
    const url = `http://127.0.0.1:${server.port}/v2/models/m/infer`;
    const answer = await fetch(url, { method: 'POST', body: '{"inputs":[]}' });
    assert.deepEqual([answer.status, await answer.json()], [200, { x: 1 }]);
    await server.close();
    await assert.rejects(fetch(url));
  });
});

describe('drawInputs', () => {
  for (const datatype of Object.keys(datatypes) as Datatype[]) {
    it(`draws ${datatype} that fits, the same for the same seed`, () => {
      const specs = [{ name: 'x', datatype, shape: [-1, 3, -1] }];
      const draw = (seed: number) => drawInputs(specs, { rows: 2, variable: 5, seed }).get('x')!;
      assert.deepEqual(draw(1), draw(1));
      assert.notDeepEqual(draw(1), draw(2));
      assert.deepEqual([draw(1).shape, draw(1).data.length], [[2, 3, 5], 30]);
    });
  }
});
