import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ModelEvent } from '../../src/repository/events.js';
import { loopsWhileTrue, putModel } from '../support/models.js';
import { addsConstant, constantOf, useWorkplace } from './workplace.js';

const place = useWorkplace();

describe('a model repository', () => {
  it('waits for no pipe where a file is expected: the others are served', async () => {
    const root = await place.folder();
    for (const name of ['good', 'settings', 'labels', 'beside']) await putModel(root, { name, graph: addsConstant(3) });
    await putModel(root, {
      name: 'labels',
      graph: addsConstant(3),
      config: { classification: { labels: 'labels.txt' } },
    });
    for (const path of ['settings/model.json', 'labels/labels.txt', 'beside/config.json', 'beside/tokenizer.json'])
      execFileSync('mkfifo', [join(root, path)]);
    const repository = await place.open(root);
    assert.deepEqual(
      repository.index().map(({ name, state }) => `${name} ${state}`),
      ['beside READY', 'good READY', 'labels UNAVAILABLE', 'settings UNAVAILABLE'],
    );
    const reasons = repository.index().map(({ reason }) => reason);
    assert.match(reasons[2] ?? '', /'labels\.txt' is not a regular file/);
    assert.match(reasons[3] ?? '', /model\.json cannot be read \(it is not a regular file\)/);
    assert.equal(await constantOf(repository.get('good')), 3);
  });

  it('unloads a model whose run never ends within its limit, and says that it still runs', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'endless', graph: loopsWhileTrue, config: { warmup: false } });
    const events: ModelEvent[] = [];
    const repository = await place.open(root, { unloadLimitMs: 1, onEvent: (event) => events.push(event) });
    const inputs = new Map([
      ['X', { datatype: 'INT64', shape: [], data: BigInt64Array.of(5n) } as const],
      ['L', { datatype: 'FP32', shape: [], data: Float32Array.of(1) } as const],
    ]);
    const run = repository.get('endless').infer({ inputs, rows: 1, outputs: ['Y'], priority: 0, queueTimeoutMs: 0 });
    const ended = assert.rejects(run, { code: 'WORKER_LOST' });
    await repository.unload('endless');
    assert.deepEqual(events.slice(-2), [
      { kind: 'unfinished', waitedMs: 1, model: 'endless', version: '1' },
      { kind: 'unload', reason: 'it was unloaded on request', model: 'endless', version: '1' },
    ]);
    await place.runner.close();
    await ended;
  });
});
