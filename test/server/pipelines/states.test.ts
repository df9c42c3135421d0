import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createLog } from '../../../src/server/log/log.js';
import { Pipelines, type PipelinesOptions } from '../../../src/server/pipelines/pipelines.js';
import { putPipeline } from '../../integration/pipelines/models.js';
import { temporaryFolder } from '../../support/folder.js';

describe('states of pipelines', () => {
  it('are those of what their steps ask, which is looked at once however many steps ask it', async (t) => {
    const root = temporaryFolder('pipelines-');
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const [n, name] of names.entries()) {
      const steps = Array.from({ length: 5 }, (_, step) => ({ name: `s${step}`, model: names[n + 1] ?? 'm' }));
      await putPipeline(root, name, { steps });
    }
    let looks = 0;
    let problem: ReturnType<PipelinesOptions['findModelProblem']> = undefined;
    const pipelines = new Pipelines({
      place: () => Promise.resolve({ root, homes: [root] }),
      keys: () => Promise.reject(new Error('no step has a key')),
      log: createLog({ level: 'error', format: 'json', access: false }, { isTerminal: false, write: () => undefined }),
      findModelProblem: () => {
        looks += 1;
        return problem;
      },
      isModel: (name) => name === 'm',
      ownNames: [],
      onChange: () => undefined,
      host: {} as PipelinesOptions['host'],
    });
    t.after(() => pipelines.close());
    await pipelines.refresh();
    looks = 0;
    assert.deepEqual(pipelines.stateOf('a'), { state: 'ready' });
    assert.equal(looks, 5);
    problem = { reason: 'it is being loaded', isFinal: false };
    assert.deepEqual(pipelines.stateOf('c'), {
      state: 'waiting',
      reason: "step 's0': step 's0': step 's0': model 'm' is not ready: it is being loaded",
    });
  });

  it('judge how deep they lie in each other before a request does, and tell the log of those that have gone', async (t) => {
    const root = temporaryFolder('pipelines-');
    const nameAt = (n: number) => `p${n}`;
    for (let n = 1; n <= 9; n += 1) {
      const steps = [{ name: 'image', model: 'm' }, ...(n === 1 ? [] : [{ name: 'inner', model: nameAt(n - 1) }])];
      await putPipeline(root, nameAt(n), { steps });
    }
    const lines: Readonly<Record<string, unknown>>[] = [];
    const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>);
    const pipelines = new Pipelines({
      place: () => Promise.resolve({ root, homes: [root] }),
      keys: () => Promise.reject(new Error('no step has a key')),
      log: createLog({ level: 'info', format: 'json', access: false }, { isTerminal: false, write }),
      findModelProblem: () => undefined,
      isModel: (name) => name === 'm',
      ownNames: [],
      onChange: () => undefined,
      host: {} as PipelinesOptions['host'],
    });
    t.after(() => pipelines.close());
    await pipelines.refresh();
    assert.deepEqual(pipelines.stateOf('p8'), { state: 'ready' });
    assert.deepEqual(pipelines.stateOf('p9'), {
      state: 'failed',
      reason: 'its steps lead through 9 pipelines, one inside the other: a request may come through 8',
    });
    await rm(join(root, 'p9'), { recursive: true });
    await pipelines.refresh();
    await pipelines.refresh();
    const removed = lines.filter(({ message }) => message === 'pipeline removed');
    assert.deepEqual(
      removed.map(({ pipeline }) => pipeline),
      ['p9'],
    );
  });
});
