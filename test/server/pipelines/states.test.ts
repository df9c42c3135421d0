import assert from 'node:assert/strict';
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
      const steps = Array.from({ length: 8 }, (_, step) => ({ name: `s${step}`, model: names[n + 1] ?? 'm' }));
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
    assert.equal(looks, 8);
    problem = { reason: 'it is being loaded', isFinal: false };
    assert.deepEqual(pipelines.stateOf('c'), {
      state: 'waiting',
      reason: "step 's0': step 's0': step 's0': model 'm' is not ready: it is being loaded",
    });
  });
});
