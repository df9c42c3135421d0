import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { LoadGenerator } from '../../../bench/load/load.js';
import { buildPerceptron } from '../../../bench/models/perceptron.js';
import { parseOrigin, planUrl } from '../../../bench/targets/url.js';
import { readModelJson } from '../../../bench/tune/model-file.js';
import { tuneModel, type TuneRun } from '../../../bench/tune/tune-model.js';
import { startLawfulLoad } from '../lawful-load.js';
import { openTestServer } from '../../support/server.js';

/** It refuses nobody for the time that a run takes: the machine may be busy, and the times are those of the law. */
const noBatching = { description: 'as it was', batching: { maxRows: 1, maxQueueMs: 0 }, instances: { cpu: 1 } };
let server: Awaited<ReturnType<typeof openTestServer>>;
let load: LoadGenerator;
before(async () => {
  server = await openTestServer({
    models: [{ name: 'wide', graph: buildPerceptron(1, [64, 1024, 1024, 4]), config: noBatching }],
  });
  load = startLawfulLoad(async (clients) => clients / Math.min(clients, await readMaxRows()));
});
after(async () => {
  await load.close();
  await server.stop();
});

/** Rows of one run with the settings that the server has now: a run of this law's model takes a millisecond however many there are. */
async function readMaxRows(): Promise<number> {
  const answer = await fetch(`${server.url}/v2/models/wide/config`);
  const { max_batch_size: maxRows } = (await answer.json()) as { readonly max_batch_size: number };
  return Math.max(1, maxRows);
}

async function runWith(more: Partial<TuneRun> = {}): Promise<TuneRun> {
  const { signal } = new AbortController();
  const narrate = (): void => undefined;
  return {
    model: 'wide',
    folder: join(server.folder, 'wide'),
    target: await planUrl(parseOrigin(server.url, {})).start({ repository: server.folder, signal, narrate }),
    load,
    cpus: 1,
    variable: 1,
    latencyTargetMs: 10_000,
    pace: { settleMs: 50, windowsMs: [20], finalMs: 60, limitMs: 20_000 },
    signal,
    narrate,
    now: () => 0,
    ...more,
  };
}

describe('tuneModel', () => {
  it('finds that a model of large weights gains from batches, and leaves model.json as it was', async () => {
    const tuned = await tuneModel(await runWith());
    assert.equal(tuned.trials.length, 13);
    assert.equal(tuned.best.candidate.maxRows, 64);
    assert.ok(Math.abs(tuned.gain.middle - 32) < 0.5, `${tuned.gain.middle} times: 32 clients share a run`);
    assert.deepEqual(tuned.chosen, tuned.best.candidate);
    assert.deepEqual(await readModelJson(join(server.folder, 'wide')), noBatching);
  });

  it('says how far the best stayed from a target that nothing keeps', async () => {
    const pace = { settleMs: 20, windowsMs: [10], finalMs: 20, limitMs: 5 };
    let nowMs = 0;
    const narrate = (): void => void (nowMs += 6); // each trial is told of
    const tuned = await tuneModel(await runWith({ latencyTargetMs: 1e-6, pace, narrate, now: () => nowMs }));
    assert.equal(tuned.trials.length, 1, 'the time was over after the first');
    assert.equal(tuned.best.score.rate, 0);
    assert.ok(Math.abs(tuned.best.score.p99Ms - 1) < 0.01, 'one client, one row, one millisecond');
  });
});
