import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { after, describe, it } from 'node:test';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { addsConstant, askConstant } from '../repository/workplace.js';
import { temporaryFolder } from '../support/folder.js';
import { putModel } from '../support/models.js';
import { claimOn, kubectl, kubectlWith, lookUntil, missingCluster } from './cluster.js';
import { Deployment } from './deployment.js';

const name = 'slipway-volumes';

/** A config map with the model that adds a number. */
function configMap(k: number): string {
  const binaryData = { 'model.onnx': Buffer.from(writeOnnx(addsConstant(k))).toString('base64') };
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, binaryData });
}

describe('models in a cluster', { skip: await missingCluster(), concurrency: false }, () => {
  after(async () => {
    await new Deployment(name).delete();
    await kubectl('delete', 'configmap,pvc,pv', name, '--ignore-not-found', '--wait=false');
  });

  it('come from a claim, read by a user who is not its owner', async (context) => {
    const folder = temporaryFolder('claim-');
    await putModel(folder, { name: 'claimed', graph: addsConstant(-3) });
    await chmod(folder, 0o755);
    await kubectlWith(claimOn(name, folder), 'apply', '--validate=strict');
    const mount = `type=volume,source=${name},target=/srv/models,readonly`;
    const deployment = new Deployment(name, '--replicas', '1', '--mount', mount);
    context.after(() => deployment.delete());
    await deployment.apply();
    await deployment.rolledOut();
    assert.equal(await askConstant(await deployment.url(), 'claimed'), -3);
    const index = await fetch(`${await deployment.url()}/v2/repository/index`, { method: 'POST' });
    assert.deepEqual(
      ((await index.json()) as readonly { readonly name: string }[]).map((model) => model.name),
      ['claimed'],
      'none of the bundled ones',
    );
  });

  it('under /mnt/models follow the swap of its links, and no request fails or is answered by the older one again', async (test) => {
    await kubectlWith(configMap(1), 'apply');
    const polled = ['--', '--models', '/mnt/models', '--model-name', 'm', '--model-control-mode', 'poll'];
    const deployment = new Deployment(`${name}-swapped`, '--replicas', '1', ...polled);
    test.after(() => deployment.delete());
    await deployment.apply({ source: { configMap: { name } }, mountPath: '/mnt/models' });
    await deployment.rolledOut();
    const url = await deployment.url();
    const [pod = ''] = await deployment.pods();
    assert.match(
      await kubectl('exec', pod, '--', 'sh', '-c', 'ls -l /mnt/models'),
      /model\.onnx -> \.\.data\/model\.onnx/,
    );
    assert.equal(await askConstant(url, 'm'), 1);
    await kubectlWith(configMap(2), 'apply');
    // The kubelet looks at config maps once a minute, and at once where the pod itself changes.
    await kubectl('annotate', pod, 'swap=2');
    const answers: number[] = [];
    const next = async (): Promise<number> => answers.push(await askConstant(url, 'm'));
    await lookUntil(next, () => answers.at(-1) === 2, 0);
    for (let more = 0; more < 100; more += 1) await next();
    test.diagnostic(`${answers.length} answered, 0 failed, ${answers.indexOf(2)} before the swap was seen`);
    assert.deepEqual(
      answers.slice(answers.indexOf(2)).filter((k) => k !== 2),
      [],
    );
    assert.deepEqual(
      answers.filter((k) => k !== 1 && k !== 2),
      [],
    );
  });

  it('out of an image: a cluster that mounts none leaves the volume out in silence, and the server says that it is missing', async (test) => {
    const deployment = new Deployment(`${name}-image`, '--replicas', '1', '--model-image', 'slipway:cpu');
    test.after(() => deployment.delete());
    await deployment.apply();
    const volumes = await kubectl(
      'get',
      'deployment',
      deployment.name,
      '-o',
      'jsonpath={.spec.template.spec.volumes[*].name}',
    );
    if (volumes.split(' ').includes('models')) {
      test.skip('this cluster keeps image volumes (ImageVolume)');
      return;
    }
    const pod = await deployment.firstPod();
    await deployment.until(pod, ({ ended }) => ended !== undefined);
    assert.match(await kubectl('logs', pod, '--previous'), /models folder \/mnt\/model-image\/models cannot be read/);
  });
});
