import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ServableModel } from '../../src/repository/types.js';
import { startRunner } from '../../src/workers/pool.js';
import { integerDivision, putModel } from '../support/models.js';
import { useWorkplace } from './workplace.js';

const place = useWorkplace();

/** A / B, where the smallest number by -1 ends the process that divides. */
async function divide(model: ServableModel, a: bigint, b: bigint): Promise<unknown> {
  const value = (data: bigint) => ({ datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(data) }) as const;
  const inputs = new Map([
    ['A', value(a)],
    ['B', value(b)],
  ]);
  const { outputs } = await model.infer({ inputs, rows: 1, outputs: ['Y'], priority: 0, queueTimeoutMs: 0 });
  return outputs.get('Y')?.data[0];
}

describe('a model that its workers gave up', () => {
  it('is loaded again from its source without being asked, where its private copy is gone too', async (t) => {
    const respawn = { maxLosses: 1, windowMs: 600_000, firstDelayMs: 1, longestDelayMs: 1 };
    const runner = await startRunner({ workers: 1, env: process.env, respawn });
    t.after(() => runner.close());
    const root = await place.folder();
    const temporaryFolder = await place.folder();
    await putModel(root, { name: 'm', graph: integerDivision(), config: { instances: { cpu: 1 } } });
    let tellReload = (): void => undefined;
    const reloaded = new Promise<void>((resolve) => (tellReload = resolve));
    const repository = await place.open(root, {
      runner,
      temporaryFolder,
      repairEveryMs: 1,
      onEvent: ({ kind }) => {
        if (kind === 'reload') tellReload();
      },
    });
    const first = repository.get('m');
    assert.equal(await divide(first, -7n, 2n), -3n);
    await rm(join(temporaryFolder), { recursive: true });
    // The first is the fault of its request alone, since others were answered before.
    for (let faults = 0; faults < 2; faults += 1) {
      await assert.rejects(divide(first, -(2n ** 63n), -1n), { code: 'WORKER_LOST' });
    }
    await reloaded;
    assert.equal(await divide(repository.get('m'), 9n, -2n), -4n);
    assert.equal(repository.readiness()[0]?.state, 'ready');
  });
});
