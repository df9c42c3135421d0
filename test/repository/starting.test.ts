import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { putModel } from '../support/models.js';
import { addsConstant, useWorkplace } from './workplace.js';

const place = useWorkplace();

describe('a repository that has just been opened', () => {
  it('is not ready, and calls its models loading, from the first moment until they serve', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1), config: { description: 'has a file to read first' } });
    const repository = await place.begin(root);
    const loading = { model: 'm', state: 'loading', code: 'MODEL_NOT_READY', message: "Model 'm' is loading." };
    assert.deepEqual(repository.readiness(), [loading]);
    assert.deepEqual(repository.index(), [{ name: 'm', state: 'LOADING', reason: '' }]);
    assert.throws(() => repository.get('m'), { code: 'MODEL_NOT_READY' });
    assert.throws(() => repository.get('m', '1'), { code: 'MODEL_NOT_READY' });
    while (repository.ready().length === 0) {
      assert.deepEqual(
        repository.readiness().map(({ state }) => state),
        ['loading'],
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(repository.readiness(), [{ model: 'm', version: '1', state: 'ready' }]);
  });

  it('fails a model that must have a GPU and runs on the CPU alone after all', async () => {
    const root = await place.folder();
    await putModel(root, { name: 'm', graph: addsConstant(1) });
    const chooseProvider = () =>
      Promise.resolve({ provider: 'cpu', reason: 'asked for', isGpuRequired: true } as const);
    const [only, ...others] = (await place.open(root, { chooseProvider })).readiness();
    assert.ok(only?.state === 'failed' && others.length === 0);
    assert.equal(only.code, 'DEVICE_UNAVAILABLE');
    assert.match(only.message, /'m' version 1 cannot be loaded: A GPU is required, but cpu leaves every node/);
  });
});
