import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { planNative } from '../../../bench/targets/native.js';
import { urlOf } from '../../../bench/targets/target.js';
import { temporaryFolder } from '../../support/folder.js';

const repository = temporaryFolder('native-target-');

it('a server under test loads a model anew for the tuner, which nobody else may ask of it', async () => {
  await cp('models/anomaly', join(repository, 'anomaly'), { recursive: true });
  const { signal } = new AbortController();
  const plan = planNative({ provider: 'cpu', env: process.env });
  for (const [isManaged, status] of [
    [true, 200],
    [false, 403],
  ] as const) {
    const target = await plan.start({ repository, isManaged, signal, narrate: () => undefined });
    try {
      const answer = await fetch(`${urlOf(target.origin)}/v2/repository/models/anomaly/load`, { method: 'POST' });
      assert.deepEqual([isManaged, answer.status], [isManaged, status]);
    } finally {
      await target.stop();
    }
  }
});
