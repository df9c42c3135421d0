import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { kubectl, missingCluster } from './cluster.js';
import { Deployment, inPod } from './deployment.js';
import { underLoad, underRetryingLoad } from './load.js';

const eatMemory = `exec node -e 'for (const held = []; ; ) held.push(Buffer.alloc(1 << 24, 1))'`;

describe('a pod of two', { skip: await missingCluster(), concurrency: false }, () => {
  const deployment = new Deployment('slipway-survival');
  let url = '';
  before(async () => {
    await deployment.apply();
    await deployment.rolledOut();
    url = await deployment.url();
  });
  after(() => deployment.delete());

  it('is replaced when it is deleted, without one failed request', async (test) => {
    const old = await deployment.pods();
    const [first = ''] = old;
    const counts = await underLoad(`${url}/v2/models/digits`, async () => {
      await kubectl('delete', first, '--timeout=120s');
      await deployment.rolledOut();
    });
    test.diagnostic(`${counts.answered} answered, ${counts.failed.length} failed`);
    assert.deepEqual(counts.failed, []);
    const now = await deployment.pods();
    assert.equal(now.length, 2);
    assert.deepEqual([now.includes(first), old.some((pod) => pod !== first && now.includes(pod))], [false, true]);
  });

  for (const [what, reason, script] of [
    ['whose process is killed', 'Error', 'kill -KILL $server'],
    // The kernel ends the process with the highest score: the server, for what another took.
    ['that runs out of memory', 'OOMKilled', `echo 1000 > /proc/$server/oom_score_adj; ${eatMemory}`],
  ] as const) {
    it(`${what} is started again, and costs clients that try again no more than what it was answering`, async (test) => {
      const [victim = '', other = ''] = await deployment.pods();
      const before = await deployment.until(victim, ({ isReady }) => isReady);
      const counts = await underRetryingLoad(url, async () => {
        await inPod(victim, script).catch(() => undefined);
        await deployment.until(victim, ({ restarts, isReady }) => restarts > before.restarts && isReady);
      });
      test.diagnostic(`${counts.answered} answered, ${counts.failed.length} failed: ${counts.failed.join('; ')}`);
      assert.ok(counts.answered > 0);
      assert.ok(counts.failed.length <= 4, 'at most one request of each client was with the process');
      const state = await deployment.until(victim, () => true);
      assert.deepEqual([state.restarts, state.ended], [before.restarts + 1, reason]);
      assert.equal((await deployment.until(other, () => true)).restarts, 0);
    });
  }
});
