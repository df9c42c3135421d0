import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { temporaryFolder } from '../support/folder.js';
import { putModel, slowProduct } from '../support/models.js';
import { claimOn, kubectl, kubectlWith, lookUntil, missingCluster } from './cluster.js';
import { Deployment, inPod } from './deployment.js';
import { underLoad } from './load.js';

const name = 'slipway-probes';

/** What a pod's health port says of itself: `503 starting`, `200 ready`, `none` where it does not answer. */
async function healthOf(ip: string): Promise<string> {
  try {
    const response = await fetch(`http://${ip}:8002/v2/health/ready`, { signal: AbortSignal.timeout(5000) });
    const { state = 'ready' } = (await response.json()) as { readonly state?: string };
    return `${response.status} ${state}`;
  } catch {
    return 'none';
  }
}

/** Health again and again until it is the last of what is expected; each change once. */
async function changesOf(ip: string, last: string): Promise<readonly string[]> {
  const seen: string[] = [];
  const look = async (): Promise<readonly string[]> => {
    const now = await healthOf(ip);
    if (now !== seen.at(-1)) seen.push(now);
    return seen;
  };
  return lookUntil(look, (changes) => changes.at(-1) === last);
}

describe('probes', { skip: await missingCluster(), concurrency: false }, () => {
  const deployment = new Deployment(name);
  let url = '';
  before(async () => {
    await deployment.apply();
    await deployment.rolledOut();
    url = `${await deployment.url()}/v2/models/digits`;
  });
  after(async () => {
    await deployment.delete();
    await kubectl('delete', 'pvc,pv', name, '--ignore-not-found', '--wait=false');
  });

  it('tell a server that still loads from one that hangs: it is live, not ready, and not restarted', async (context) => {
    const folder = temporaryFolder('slow-');
    await putModel(folder, { name: 'slow', graph: slowProduct(300) });
    await chmod(folder, 0o755);
    await kubectlWith(claimOn(name, folder), 'apply', '--validate=strict');
    const mount = `type=volume,source=${name},target=/srv/models,readonly`;
    const slow = new Deployment(`${name}-slow`, '--replicas', '1', '--mount', mount);
    context.after(() => slow.delete());
    await slow.apply();
    const pod = await slow.firstPod();
    const starting = await slow.until(pod, ({ isStarted }) => isStarted);
    assert.deepEqual([starting.isReady, await healthOf(starting.ip)], [false, '503 starting']);
    await slow.rolledOut();
    const ready = await slow.until(pod, ({ isReady }) => isReady);
    assert.deepEqual([ready.restarts, await healthOf(ready.ip)], [0, '200 ready']);
  });

  it('tell a server that drains from one that is ready, while the other answers all', async (context) => {
    const [pod = ''] = await deployment.pods();
    const { ip } = await deployment.until(pod, ({ isReady }) => isReady);
    let changes: readonly string[] = [];
    const counts = await underLoad(url, async () => {
      const deleted = kubectl('delete', pod, '--timeout=120s');
      changes = await changesOf(ip, 'none');
      await deleted;
      await deployment.rolledOut();
    });
    context.diagnostic(`${changes.join(' -> ')}; ${counts.answered} answered, ${counts.failed.length} failed`);
    assert.deepEqual(changes, ['200 ready', '503 draining', 'none']);
    assert.deepEqual(counts.failed, []);
  });

  it('find a server that was stopped by a signal: it gets nothing more, and is started again', async (context) => {
    const [hung = '', other = ''] = await deployment.pods();
    const first = await deployment.until(hung, ({ isReady }) => isReady);
    await inPod(hung, 'kill -STOP $server');
    const unready = await deployment.until(hung, ({ isReady }) => !isReady);
    assert.equal(unready.restarts, first.restarts, 'not ready comes before the restart');
    const counts = await underLoad(url, async () => {
      await deployment.until(hung, ({ restarts, isReady }) => restarts > first.restarts && isReady);
    });
    context.diagnostic(`${counts.answered} answered while it hung, ${counts.failed.length} failed`);
    assert.deepEqual(counts.failed, []);
    assert.equal((await deployment.until(other, () => true)).restarts, 0);
  });
});
