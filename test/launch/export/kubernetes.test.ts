import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runLaunch } from '../../support/launch-cli.js';
import { exported } from './exported.js';

const plain = await exported('kubernetes', '--image', 'registry.example/slipway:1');

describe('launch export kubernetes', () => {
  it('writes deployment, service, policy and budget, and a scaler and a monitor only where they are asked for', async () => {
    assert.deepEqual(plain.kinds, ['NetworkPolicy', 'Service', 'Deployment', 'PodDisruptionBudget']);
    assert.equal(plain.of('Deployment', 'spec.replicas'), 2);
    const update = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '10%' } };
    assert.deepEqual(plain.of('Deployment', 'spec.strategy'), update);
    const all = await exported('kubernetes', '--max-replicas', '9', '--monitor', '-e', 'SLIPWAY_BASE_PATH=/ml');
    assert.deepEqual(all.kinds.slice(4), ['HorizontalPodAutoscaler', 'ServiceMonitor']);
    assert.equal(all.of('Deployment', 'spec.replicas'), undefined, 'an apply would undo what the scaler counts');
    const endpoint = { port: 'metrics', path: '/ml/metrics', interval: '15s' };
    assert.deepEqual(all.of('ServiceMonitor', 'spec.endpoints'), [endpoint]);
  });

  it('publishes the ports that -p names, gRPC where it is on, and lets in whom --allow-from names', async () => {
    const flags = ['-p', '80:8000', '-p', '9090:9090/udp', '--allow-from', 'apps', '--', '--grpc-port', '8001'];
    const { of } = await exported('kubernetes', ...flags);
    assert.deepEqual(of('Service', 'spec.ports.*.name'), ['http', 'port-9090', 'port-8001', 'metrics']);
    assert.deepEqual(of('Service', 'spec.ports.*.port'), [80, 9090, 8001, 8002]);
    assert.deepEqual(of('Service', 'spec.ports.*.targetPort'), ['http', 'port-9090', 'port-8001', 'health']);
    assert.deepEqual(of('Service', 'spec.ports.*.protocol'), ['TCP', 'UDP', 'TCP', 'TCP']);
    const apps = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'apps' } } };
    assert.deepEqual(of('NetworkPolicy', 'spec.ingress.*.from'), [[{ podSelector: {} }, apps], undefined]);
    assert.deepEqual(of('NetworkPolicy', 'spec.ingress.*.ports.*.port'), [[8000, 9090, 8001], [8002]]);
    assert.deepEqual(plain.of('NetworkPolicy', 'spec.ingress.*.from'), [undefined, undefined]);
    assert.deepEqual(plain.of('NetworkPolicy', 'spec.egress'), []);
  });

  it('scales by the work that waits: with the autoscaler, or with KEDA and its Prometheus', async () => {
    const hpa = await exported('kubernetes', '--replicas', '3', '--max-replicas', '40', '--queue-target', '250ms');
    const asked = (path: string): unknown => hpa.of('HorizontalPodAutoscaler', `spec.${path}`);
    assert.deepEqual([asked('minReplicas'), asked('maxReplicas'), asked('scaleTargetRef.name')], [3, 40, 'slipway']);
    const target = { type: 'AverageValue', averageValue: '250m' };
    assert.deepEqual(asked('metrics.*.pods'), [{ metric: { name: 'slipway_queue_seconds' }, target }]);
    const flags = ['--max-replicas', '40', '--namespace', 'ml', '--name', 'digits', '--prometheus', 'http://prom:9090'];
    const keda = await exported('kubernetes', '--scaler', 'keda', ...flags);
    assert.deepEqual(keda.kinds.slice(4), ['ScaledObject']);
    const scaled = ['metadata.namespace', 'spec.scaleTargetRef.name', 'spec.minReplicaCount', 'spec.maxReplicaCount'];
    assert.deepEqual(
      scaled.map((path) => keda.of('ScaledObject', path)),
      ['ml', 'digits', 2, 40],
    );
    assert.deepEqual(keda.of('ScaledObject', 'spec.triggers.0.metadata'), {
      serverAddress: 'http://prom:9090',
      query: 'sum(slipway_queue_seconds{service="digits",namespace="ml"})',
      threshold: '0.5',
    });
  });

  it('finds its pods by labels that stay, spreads them, and takes labels, platform, user and pull from their flags', async () => {
    const flags = [
      '-l',
      'team=vision',
      '--platform',
      'linux/arm64',
      '-u',
      '2000:3000',
      '--group-add',
      '44',
      '--pull',
      'never',
    ];
    const other = await exported('kubernetes', '--name', 'digits', ...flags);
    const selector = { 'app.kubernetes.io/name': 'slipway', 'app.kubernetes.io/instance': 'digits' };
    const selectors = [
      'Deployment:spec.selector.matchLabels',
      'Service:spec.selector',
      'NetworkPolicy:spec.podSelector.matchLabels',
      'PodDisruptionBudget:spec.selector.matchLabels',
    ];
    for (const place of selectors) {
      const [kind = '', path = ''] = place.split(':');
      assert.deepEqual(other.of(kind, path), selector, place);
    }
    for (const path of ['metadata.labels', 'spec.template.metadata.labels']) {
      assert.equal(other.of('Deployment', `${path}.team`), 'vision');
    }
    const spread = 'topologySpreadConstraints.*';
    assert.deepEqual(other.pod(`${spread}.topologyKey`), ['topology.kubernetes.io/zone', 'kubernetes.io/hostname']);
    assert.deepEqual(other.pod(`${spread}.labelSelector.matchLabels`), [selector, selector]);
    assert.deepEqual(other.pod('nodeSelector'), { 'kubernetes.io/arch': 'arm64' });
    const rights = ['runAsUser', 'runAsGroup', 'fsGroup', 'supplementalGroups'];
    assert.deepEqual(
      rights.map((name) => other.pod(`securityContext.${name}`)),
      [2000, 3000, 3000, [44]],
    );
    assert.equal(other.container('imagePullPolicy'), 'Never');
    assert.doesNotMatch(other.said, /names no registry/);
  });

  it('says which flags mean nothing in a cluster, and that an image without a registry reaches none', async () => {
    const { said } = await exported('kubernetes', '-d', '--restart', 'always', '--log-opt', 'max-size=1m', '--replace');
    assert.match(said, /in a cluster these have no effect: -d, --restart, --log-opt/);
    assert.match(said, /an export starts nothing, so these have no effect: --replace/);
    assert.match(said, /slipway:cpu names no registry/);
    assert.doesNotMatch(plain.said, /say nothing|names no registry/);
  });

  it('refuses what a cluster cannot give, with what to type instead', async () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['--mount .:/srv', /folders are not in a cluster.*type=volume,source=NAME,target=\/srv,readonly.*--model-image/],
      ['-v Models:/srv', /Models is not a valid claim name/],
      ['--mount type=volume,source=models,target=/srv,volume-driver=nfs', /a claim has its own driver/],
      ['--gpus all', /--gpus all: a cluster chooses.*Type --gpus 1/],
      ['--gpus device=0,2', /Type --gpus 2/],
      ['--device nvidia.com/gpu=0', /Type --gpus 1/],
      ['--device /dev/video0', /--device \/dev\/video0: .*plugins/],
      ['--network host', /--network host: replicas have the network of the cluster/],
      ['--ulimit memlock=-1', /--ulimit memlock/],
      ['--security-opt seccomp=unconfined', /strictest/],
      ['--user nobody', /needs a numeric user ID. Type --user 1000:1000/],
      ['--group-add video', /--group-add video: a cluster needs a numeric group ID/],
      ['--label a=b/c', /--label a=b\/c: labels of a cluster/],
      ['--platform windows/amd64', /Type --platform linux\/amd64/],
      ['--variant native', /Type --variant cpu/],
      ['--name Digits', /--name Digits: expected a lower-case letter/],
      ['--namespace a_b', /--namespace a_b: expected/],
      ['--replicas 3 --max-replicas 2', /--max-replicas.*at least 3/],
      ['--replicas 0', /at least 1/],
      ['--scaler vpa', /Expected one of hpa, keda/],
      ['-p 8000-8010:8000', /a service has one port/],
      ['--context x', /x names an engine, which an export does not use/],
      ['serve', /serve is not expected here/],
    ];
    for (const [line, expected] of cases) {
      const { code, stderr, stdout } = await runLaunch(['export', 'kubernetes', ...line.split(' ')]);
      assert.deepEqual([code, stdout], [2, ''], line);
      assert.match(stderr.replaceAll(/\s+/g, ' '), expected, line);
    }
  });

  it('lets a server out only to the ports of what its settings name: a place of models, a collector', async () => {
    const ports = async (...flags: readonly string[]): Promise<unknown> => {
      const { of } = await exported('kubernetes', ...flags);
      const rules = of('NetworkPolicy', 'spec.egress') as readonly { readonly ports: readonly { port: number }[] }[];
      return rules.map((rule) => rule.ports.map(({ port }) => port));
    };
    const models = (place: string, ...env: readonly string[]) =>
      ports('-e', `SLIPWAY_MODELS=${place}`, ...env.flatMap((one) => ['-e', one]));
    const dns = [53, 53];
    assert.deepEqual(await ports(), []);
    assert.deepEqual(await models('/srv/models'), []);
    assert.deepEqual(await models('https://files.example/a.onnx'), [dns, [443]]);
    assert.deepEqual(await models('http://files.example:8080/a.onnx'), [dns, [8080]]);
    assert.deepEqual(await models('s3://bucket/a'), [dns, [443], [80]]);
    assert.deepEqual(await models('s3://bucket/a', 'AWS_ENDPOINT_URL_S3=http://minio.apps:9000'), [dns, [9000], [80]]);
    assert.deepEqual(await models('oci://registry.example:5000/a:1'), [dns, [443, 5000]]);
    assert.deepEqual(await models('hf://a/b'), [dns, [443]]);
    assert.deepEqual(await models('hf://a/b', 'HF_ENDPOINT=https://hub.example:8443'), [dns, [8443]]);
    assert.deepEqual(await models('hf://a/b', 'HTTPS_PROXY=http://proxy.example:3128'), [dns, [443, 3128]]);
    assert.deepEqual(await ports('--', '--models', 'https://files.example/a.onnx'), [dns, [443]]);
    assert.deepEqual(await ports('-e', 'OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.apps:4318'), [dns, [4318]]);
    const { of } = await exported('kubernetes', '-e', 'SLIPWAY_MODELS=s3://bucket/a');
    const role = { to: [{ ipBlock: { cidr: '169.254.170.2/32' } }, { ipBlock: { cidr: '169.254.170.23/32' } }] };
    assert.deepEqual(of('NetworkPolicy', 'spec.egress.2.to'), role.to, 'credentials of the role alone');
  });
});
