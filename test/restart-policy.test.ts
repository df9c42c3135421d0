import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  launchedRestartPolicy,
  restartDelayMs,
  restartPolicy,
  Restarts,
  workerRestartDelays,
} from '../src/restart-policy.js';

const delays = (policy: typeof restartPolicy, ...ranMs: readonly number[]) => {
  const restarts = new Restarts(policy);
  return ranMs.map((ms) => restarts.next(ms));
};
const many = (count: number) => Array.from({ length: count }, () => 0);

describe('restarts', () => {
  it('wait twice as long after each end in a row, up to a limit', () => {
    const of = (n: number) => restartDelayMs(workerRestartDelays, n);
    assert.deepEqual([1, 2, 3, 6, 7, 5000].map(of), [100, 200, 400, 3200, 5000, 5000]);
    assert.deepEqual(delays(launchedRestartPolicy, ...many(8)), [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('count anew after what ran long enough', () => {
    assert.deepEqual(delays(restartPolicy, 0, 59_999, 60_000, 0), [100, 200, 100, 200]);
  });

  it('of a server and an HTTP loop are given up after ten ends in a row, and those of `launch` never', () => {
    assert.deepEqual(delays(restartPolicy, ...many(11)).slice(8), [25_600, 30_000, undefined]);
    assert.equal(delays(launchedRestartPolicy, ...many(2000)).at(-1), 30_000);
  });

  it('of the supervisor, whose file can import nothing, are those of the policy', () => {
    const supervisor = fileURLToPath(new URL('../../bin/supervisor.cjs', import.meta.url));
    const { defaultPolicy } = createRequire(import.meta.url)(supervisor) as {
      readonly defaultPolicy: Readonly<Record<string, number>>;
    };
    const shared = Object.keys(restartPolicy).map((name) => [name, defaultPolicy[name]]);
    assert.deepEqual(Object.fromEntries(shared), restartPolicy);
  });
});
