import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ModelEvent } from '../../src/repository/events.js';
import { loopsWhileTrue, putModel, runsForMinutes } from '../support/models.js';
import { addsConstant, constantOf, useWorkplace } from './workplace.js';

const place = useWorkplace();
const skip = process.platform !== 'linux' && 'processes are found in /proc';

/** Children of this process that have used a tenth of a second of CPU time for what their command line names. */
function listBusy(named: string): readonly string[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
  return children.filter((pid) => {
    try {
      const isNamed = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(named);
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '';
      return isNamed && !stat.startsWith('Z') && Number(stat.split(' ')[11]) > 10;
    } catch {
      return false;
    }
  });
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

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

  for (const [what, graph, named] of [
    ['a process of its own that is warmed up', loopsWhileTrue, 'apart-'],
    ['the process that makes its copy', runsForMinutes, 'weights-process'],
  ] as const)
    it(`closes at once during a load that never ends, and leaves no process behind: ${what}`, { skip }, async () => {
      const [root, folder] = [await place.folder(), await place.folder()];
      await putModel(root, { name: 'endless', graph });
      const runner = await place.sharing(folder);
      const events: ModelEvent[] = [];
      const onEvent = (event: ModelEvent): void => void events.push(event);
      const repository = await place.begin(root, { runner, warmUpLimitMs: 600_000, onEvent });
      await until(() => listBusy(named).length > 0);
      await repository.close();
      await repository.settled();
      await until(() => listBusy(named).length === 0);
      assert.deepEqual(events, []);
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
