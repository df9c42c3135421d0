import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { exportText, image, kubectl, kubectlWith, lookUntil, missingCluster, podsOf } from './cluster.js';
import { underLoad } from './load.js';

const name = 'slipway-rollout';
const flags = ['--image', image, '--pull', 'never', '--name', name, '--cpus', '0.5', '-m', '512m'];
const rolledOut = (): Promise<string> => kubectl('rollout', 'status', `deployment/${name}`, '--timeout=300s');

async function apply(...more: readonly string[]): Promise<void> {
  await kubectlWith(await exportText('kubernetes', ...flags, ...more), 'apply', '--validate=strict');
}

const podNames = (): Promise<readonly string[]> => podsOf(name);

describe('a deployment', { skip: await missingCluster(), concurrency: false }, () => {
  let url = '';
  before(async () => {
    await apply();
    await rolledOut();
    url = `http://${await kubectl('get', 'service', name, '-o', 'jsonpath={.spec.clusterIP}')}:8000`;
  });
  after(() =>
    kubectl('delete', 'deployment,service,networkpolicy,poddisruptionbudget', name, '--wait=false').catch(
      () => undefined,
    ),
  );

  it('answers through its service, without root, rights, or a root that can be written', async () => {
    const answer = await fetch(`${url}/v2/models/digits/ready`);
    assert.equal(answer.status, 200);
    const inside = (script: string): Promise<string> => kubectl('exec', `deployment/${name}`, '--', 'sh', '-c', script);
    assert.equal(await inside('id -u; id -g; touch /tmp/x && echo written'), '1000\n1000\nwritten');
    assert.match(await inside('touch /app/x 2>&1 || true'), /Read-only file system/);
    const status = await inside('grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/1/status');
    const values = status.split('\n').map((line) => line.split(/\s+/)[1]);
    assert.deepEqual(values, ['0000000000000000', '0000000000000000', '1', '2']);
  });

  it('changes its version and its number without one failed request', async (test) => {
    const first = await podNames();
    const counts = await underLoad(`${url}/v2/models/digits`, async () => {
      await apply('-e', 'SLIPWAY_SERVER_NAME=second');
      await rolledOut();
      await kubectl('wait', '--for=delete', ...first, '--timeout=120s');
      const [, ...others] = await podNames();
      await apply('-e', 'SLIPWAY_SERVER_NAME=second', '--replicas', '1');
      await Promise.any(
        others.map((pod) => kubectl('wait', '--for=delete', pod, '--timeout=120s')).concat(rolledOut()),
      );
    });
    test.diagnostic(`${counts.answered} answered, ${counts.failed.length} failed`);
    assert.deepEqual(counts.failed, []);
    assert.ok(counts.answered > 0);
    const { name: served } = (await (await fetch(`${url}/v2`)).json()) as { readonly name: string };
    assert.equal(served, 'second');
    assert.deepEqual(
      (await podNames()).filter((pod) => first.includes(pod)),
      [],
    );
  });

  it('is not taken over by a version that never becomes ready, and goes back from it', async (test) => {
    const serving = await podNames();
    const counts = await underLoad(`${url}/v2/models/digits`, async () => {
      await apply('-e', 'SLIPWAY_SERVER_NAME=third', '--replicas', '1', '--', '--models', '/nowhere');
      const ended = 'jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}=4';
      const newNames = async (): Promise<readonly string[]> =>
        (await podNames()).filter((pod) => !serving.includes(pod));
      const [fresh = ''] = await lookUntil(newNames, (names) => names.length > 0);
      await kubectl('wait', `--for=${ended}`, fresh, '--timeout=120s');
      await kubectl('rollout', 'undo', `deployment/${name}`);
      await rolledOut();
    });
    test.diagnostic(`${counts.answered} answered, ${counts.failed.length} failed`);
    assert.deepEqual(counts.failed, []);
    const { name: served } = (await (await fetch(`${url}/v2`)).json()) as { readonly name: string };
    assert.equal(served, 'second');
  });
});
