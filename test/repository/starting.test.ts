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
    assert.deepEqual(repository.readiness(), { ready: false, reasons: ["Model 'm' is loading."] });
    assert.deepEqual(repository.index(), [{ name: 'm', state: 'LOADING', reason: '' }]);
    assert.throws(() => repository.get('m'), { code: 'MODEL_NOT_READY' });
    assert.throws(() => repository.get('m', '1'), { code: 'MODEL_NOT_READY' });
    while (repository.ready().length === 0) {
      assert.equal(repository.readiness().ready, false);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(repository.readiness().ready, true);
  });
});
