import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { temporaryFolder } from '../../support/folder.js';
import { runLaunch } from '../../support/launch-cli.js';
import { at, exported } from './exported.js';

describe('launch export kserve', () => {
  it('writes a runtime for ONNX models of any name, and a service on it', async () => {
    const { kinds, of } = await exported(
      'kserve',
      '--name',
      'digits',
      '--storage-uri',
      's3://bucket/digits',
      '--',
      '--grpc-port',
      '8001',
    );
    assert.deepEqual(kinds, ['ServingRuntime', 'InferenceService']);
    const format = { name: 'onnx', version: '1', autoSelect: true, priority: 1 };
    assert.deepEqual(of('ServingRuntime', 'spec.supportedModelFormats'), [format]);
    assert.deepEqual(of('ServingRuntime', 'spec.protocolVersions'), ['v2', 'v1', 'grpc-v2']);
    const container = (path: string): unknown => of('ServingRuntime', `spec.containers.0.${path}`);
    assert.equal(container('name'), 'kserve-container');
    assert.deepEqual(container('args'), ['--grpc-port', '8001', '--model-name', '{{.Name}}']);
    assert.deepEqual(container('ports'), [{ name: 'http1', containerPort: 8000, protocol: 'TCP' }]);
    assert.deepEqual(container('readinessProbe.httpGet'), { path: '/v2/health/ready', port: 8002 });
    const names = container('env.*.name') as readonly string[];
    assert.equal(container(`env.${names.indexOf('SLIPWAY_MODELS')}.value`), '/mnt/models');
    const model = {
      modelFormat: { name: 'onnx' },
      protocolVersion: 'v2',
      runtime: 'digits-onnx',
      storageUri: 's3://bucket/digits',
    };
    assert.deepEqual(of('InferenceService', 'spec.predictor.model'), model);
    assert.equal(of('InferenceService', 'spec.predictor.terminationGracePeriodSeconds'), 41);
  });

  it('names a claim and an image as KServe does, and mounts neither itself', async () => {
    const mount = 'type=volume,source=models,target=/srv/models,readonly,volume-subpath=digits/1';
    const claim = await exported('kserve', '--mount', mount);
    assert.equal(claim.of('InferenceService', 'spec.predictor.model.storageUri'), 'pvc://models/digits/1');
    assert.deepEqual(claim.of('ServingRuntime', 'spec.volumes.*.name'), ['tmp']);
    const image = await exported('kserve', '--model-image', 'registry.example/digits:3');
    assert.equal(image.of('InferenceService', 'spec.predictor.model.storageUri'), 'oci://registry.example/digits:3');
    assert.deepEqual(image.of('ServingRuntime', 'spec.containers.0.volumeMounts.*.name'), ['tmp']);
  });

  it('passes {{ and $ of values through the templates of KServe and the variables of Kubernetes', async () => {
    const { of } = await exported(
      'kserve',
      '--storage-uri',
      'hf://a/b',
      '-e',
      'A={{.Name}} $(X)',
      '--',
      '--server-name',
      '{{{x',
    );
    const env = of('ServingRuntime', 'spec.containers.0.env') as readonly { name: string; value: string }[];
    assert.equal(env.find(({ name }) => name === 'A')?.value, '{{`{{`}}.Name}} $$(X)');
    assert.equal(at(of('ServingRuntime', 'spec.containers.0.args'), '1'), '{{`{{`}}{x');
  });

  it('scales by waiting work with KEDA, and by CPU time with its own autoscaler', async () => {
    const flags = ['--storage-uri', 'hf://a/b', '--max-replicas', '7'];
    const hpa = await exported('kserve', ...flags);
    const predictor = (path: string): unknown => hpa.of('InferenceService', `spec.predictor.${path}`);
    assert.deepEqual([predictor('minReplicas'), predictor('maxReplicas'), predictor('scaleMetric')], [2, 7, 'cpu']);
    const keda = await exported('kserve', ...flags, '--scaler', 'keda', '--prometheus', 'http://prom:9090');
    assert.deepEqual(keda.of('InferenceService', 'spec.predictor.autoScaling.metrics.0.external.metric'), {
      ...{ backend: 'prometheus', serverAddress: 'http://prom:9090' },
      query: 'sum(slipway_queue_seconds{service="slipway"})',
    });
    assert.equal(
      keda.of('InferenceService', 'metadata.annotations')!['serving.kserve.io/autoscalerClass' as never],
      'keda',
    );
  });

  it('refuses no place of models, and two', async () => {
    for (const [flags, expected] of [
      [[], /from one place, and none is named/],
      [['--storage-uri', 's3://a', '--model-image', 'b'], /these are named: s3:\/\/a, oci:\/\/b/],
      [['--storage-uri', 'models'], /--storage-uri models: expected an address such as s3:\/\/bucket\/model/],
    ] as const) {
      const { code, stderr } = await runLaunch(['export', 'kserve', ...flags]);
      assert.equal(code, 2);
      assert.match(stderr, expected);
    }
  });
});

describe('launch export swarm', () => {
  const service = async (...args: readonly string[]): Promise<(path: string) => unknown> => {
    const { text } = await exported('swarm', ...args);
    const file = parse(text) as unknown;
    return (path) => at(file, path.replace(/^\./, 'services.slipway.'));
  };

  it('starts the new replica first, takes back what does not become healthy, and locks each down', async () => {
    const of = await service('--replicas', '3', '--cpus', '0.5', '-m', '256m');
    assert.equal(of('.deploy.replicas'), 3);
    const update = { order: 'start-first', parallelism: 1, failure_action: 'rollback', monitor: '10s' };
    assert.deepEqual(of('.deploy.update_config'), update);
    const amounts = { cpus: '0.5', memory: '268435456' };
    assert.deepEqual(of('.deploy.resources'), { limits: amounts, reservations: amounts });
    assert.deepEqual([of('.read_only'), of('.cap_drop'), of('.init')], [true, ['ALL'], true]);
    assert.deepEqual(of('.volumes'), [{ type: 'tmpfs', target: '/tmp' }]);
    assert.deepEqual(of('.ports'), [{ target: 8000, published: 8000, protocol: 'tcp', mode: 'ingress' }]);
    assert.equal(of('.stop_grace_period'), '36s');
  });

  it('asks for GPUs as generic resources, for secrets by name, and for folders and volumes of each node', async () => {
    const folder = '/data/models';
    const of = await service(
      '--gpus',
      '2',
      '--keys-secret',
      'keys',
      '--mount',
      `type=bind,src=${folder},dst=/srv,readonly`,
      '-v',
      'data:/data',
    );
    const gpu = { discrete_resource_spec: { kind: 'NVIDIA-GPU', value: 2 } };
    assert.deepEqual(of('.deploy.resources.reservations.generic_resources'), [gpu]);
    // What the image says is `all`: a replica has those that Swarm gave it, or none.
    assert.equal(of('.environment.NVIDIA_VISIBLE_DEVICES'), 'void');
    assert.equal(of('.environment.SLIPWAY_API_KEYS_FILE'), '/run/secrets/api-keys');
    assert.deepEqual(of('secrets'), { keys: { external: true } });
    assert.deepEqual(of('.volumes.0'), { type: 'bind', source: folder, target: '/srv', read_only: true });
    assert.deepEqual(of('.volumes.1'), { type: 'volume', source: 'data', target: '/data' });
    assert.deepEqual(of('volumes'), { data: { external: true } });
  });

  it('publishes on the nodes with a replica, joins a network that is there, and is asked for health at its own port', async () => {
    const of = await service('--publish-mode', 'host', '--network', 'shared', '--watch', '2500ms');
    assert.deepEqual(of('.ports'), [{ target: 8000, protocol: 'tcp', mode: 'host' }]);
    assert.deepEqual([of('.networks'), of('networks')], [['shared'], { shared: { external: true } }]);
    assert.deepEqual(of('.healthcheck'), { interval: '10s', retries: 3 });
    assert.equal(of('.environment.SLIPWAY_HEALTH_PORT'), '8002');
    assert.equal(of('.deploy.update_config.monitor'), '2500ms');
    const fixed = await service('--publish-mode', 'host', '-p', '9000:8000');
    assert.equal(fixed('.deploy.update_config.order'), 'stop-first');
  });

  it('makes secrets and configs of files, under a name of their own for each content', async () => {
    const folder = temporaryFolder('swarm-export-');
    const [keys, config] = [join(folder, 'keys'), join(folder, 'settings.json')];
    await writeFile(keys, 'a:admin:0123456789abcdef\n');
    await writeFile(config, '{}');
    const flags = ['--keys-file', keys, '--config-file', config, '-u', '2000:3000'];
    const of = await service(...flags);
    const [secret = ''] = Object.keys(of('secrets') as object);
    assert.match(secret, /^slipway-keys-[0-9a-f]{8}$/);
    assert.deepEqual(of(`secrets.${secret}`), { name: secret, file: keys });
    const target = { uid: '2000', gid: '3000', mode: 0o440 };
    assert.deepEqual(of('.secrets'), [{ source: secret, target: 'api-keys', ...target }]);
    assert.equal(of('.environment.SLIPWAY_API_KEYS_FILE'), '/run/secrets/api-keys');
    assert.equal(of('.configs.0.target'), '/run/slipway.json');
    assert.equal(of('.environment.SLIPWAY_CONFIG'), '/run/slipway.json');
    await writeFile(keys, 'b:admin:0123456789abcdef\n');
    assert.notEqual(Object.keys((await service(...flags))('secrets') as object)[0], secret);
  });

  it('passes $ and {{ of values through interpolation and templates', async () => {
    const of = await service('-e', 'A=$HOME {{.Node.ID}} $$', '--', '--server-name', '${X} {{y}}');
    assert.equal(of('.environment.A'), '$$HOME {{"{{"}}.Node.ID}} $$$$');
    // Arguments are interpolated, but no templates.
    assert.deepEqual(of('.command'), ['--server-name', '$${X} {{y}}']);
  });

  it('says that every address gets the port, and refuses mount options that a stack has not', async () => {
    const { said } = await exported('swarm', '--mount', 'type=bind,src=/data,dst=/srv');
    assert.match(said, /publishes the port on every address of every node/);
    assert.match(said, /every node needs its own \/data/);
    const refused = await runLaunch(['export', 'swarm', '--mount', 'type=volume,src=models,dst=/srv,volume-subpath=x']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /a stack supports only source, target and readonly/);
  });
});
