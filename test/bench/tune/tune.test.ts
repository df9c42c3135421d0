import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { listCandidates, toModelJson, type Candidate } from '../../../bench/tune/candidates.js';
import { findBest, searchByHalving, type Trial } from '../../../bench/tune/halving.js';
import { mergeSettings, writeTuned } from '../../../bench/tune/model-file.js';
import { parseModelJson } from '../../../src/model/parse-config.js';

const candidate: Candidate = { workers: 2, threads: 4, maxRows: 16, maxDelayMs: 2, hasBuckets: true };

describe('the settings that are tried', () => {
  it('divide the CPUs without ever asking for more of them', () => {
    for (const cpus of [1, 2, 6, 16]) {
      const all = listCandidates({ cpus, mostRows: 64 });
      assert.ok(all.every(({ workers, threads }) => workers >= 1 && workers * threads <= cpus));
      assert.equal(new Set(all.map((one) => JSON.stringify(one))).size, all.length);
    }
  });

  it('gather rows only where the model has a batch dimension', () => {
    assert.deepEqual(
      listCandidates({ cpus: 2, mostRows: 0 }).map(({ maxRows }) => maxRows),
      [1, 1],
    );
    assert.equal(listCandidates({ cpus: 2, mostRows: 64 }).length, 26);
  });

  it('are what model.json takes', () => {
    for (const one of listCandidates({ cpus: 4, mostRows: 64 })) parseModelJson(JSON.stringify(toModelJson(one)));
    assert.deepEqual(toModelJson(candidate), {
      batching: { maxRows: 16, maxDelayMs: 2, buckets: [1, 2, 4, 8, 16] },
      instances: { cpu: 2 },
      execution: { intraOpThreads: 4 },
    });
  });
});

describe('searchByHalving', () => {
  const search = (more: Partial<Parameters<typeof searchByHalving<number>>[0]> = {}) =>
    searchByHalving<number>({
      candidates: Array.from({ length: 27 }, (_, i) => i),
      windowsMs: [1, 10, 100],
      evaluate: (rate) => Promise.resolve({ rate, p99Ms: 1 }),
      onTrial: () => undefined,
      isOver: () => false,
      ...more,
    });

  it('gives the best third of each rung a longer look and ends at the best', async () => {
    const looks: number[] = [];
    const trials = await search({
      evaluate: (rate, ms) => Promise.resolve({ rate: (looks.push(ms), rate), p99Ms: 1 }),
    });
    assert.deepEqual(
      [1, 10, 100].map((ms) => looks.filter((look) => look === ms).length),
      [27, 9, 3],
    );
    assert.equal(findBest(trials)?.candidate, 26);
  });

  it('takes the smallest p99 where nothing keeps the target', async () => {
    const trials = await search({ evaluate: (one) => Promise.resolve({ rate: 0, p99Ms: Math.abs(one - 5) + 1 }) });
    assert.equal(findBest(trials)?.candidate, 5);
  });

  it('decides with what was tried when the time is over', async () => {
    const told: Trial<number>[] = [];
    const trials = await search({ onTrial: (trial) => told.push(trial), isOver: () => told.length >= 4 });
    assert.deepEqual([trials.length, findBest(trials)?.candidate], [4, 3]);
    assert.deepEqual(told, trials);
  });
});

describe('tuned settings', () => {
  it('change their own keys of model.json and no other', () => {
    const before = { description: 'x', batching: { maxRows: 4, maxQueueRows: 9 }, image: { input: 'i' } };
    assert.deepEqual(mergeSettings(before, candidate), {
      description: 'x',
      image: { input: 'i' },
      batching: { maxRows: 16, maxDelayMs: 2, buckets: [1, 2, 4, 8, 16], maxQueueRows: 9 },
      instances: { cpu: 2 },
      execution: { intraOpThreads: 4 },
    });
  });

  it('stay beside model.json by the hardware that they are for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tuned-'));
    await writeFile(join(folder, 'model.json'), '{"description":"kept"}');
    await writeTuned(folder, 'small', { ...candidate, threads: 1 });
    await writeTuned(folder, 'large', candidate);
    const read = async (name: string) =>
      JSON.parse(await readFile(join(folder, name), 'utf8')) as Record<string, unknown>;
    assert.deepEqual(await read('model.json'), { description: 'kept', ...toModelJson(candidate) });
    assert.deepEqual(await read('tuning.json'), {
      small: toModelJson({ ...candidate, threads: 1 }),
      large: toModelJson(candidate),
    });
    await rm(folder, { recursive: true });
  });
});
