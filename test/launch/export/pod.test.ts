import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { at, exported } from './exported.js';

const plain = await exported('kubernetes', '--image', 'registry.example/slipway:1');

describe('the pod of launch export kubernetes', () => {
  it('is asked at the health port whether it is up, alive and ready, below the base path', async () => {
    const asked = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) =>
      plain.container(`${probe}.httpGet`),
    );
    const live = { path: '/v2/health/live', port: 8002 };
    assert.deepEqual(asked, [live, live, { ...live, path: '/v2/health/ready' }]);
    assert.equal(plain.env('SLIPWAY_HEALTH_PORT'), '8002');
    const flags = ['--health-port=9100', '--port', '8002'];
    const based = await exported('kubernetes', '-e', 'SLIPWAY_BASE_PATH=/ml/', '--', ...flags);
    assert.deepEqual(based.container('readinessProbe.httpGet'), { path: '/ml/v2/health/ready', port: 9100 });
    assert.equal(based.env('SLIPWAY_HEALTH_PORT'), undefined, 'the flag says it');
    const taken = await exported('kubernetes', '-e', 'SLIPWAY_PORT=8002');
    assert.equal(taken.container('livenessProbe.httpGet.port'), 8003);
  });

  it('gives balancers time before the server hears of its end, and the server all the time that it was given', async () => {
    assert.deepEqual(plain.container('lifecycle'), { preStop: { sleep: { seconds: 5 } } });
    assert.equal(plain.pod('terminationGracePeriodSeconds'), 5 + 31 + 5);
    assert.equal(plain.container('livenessProbe.terminationGracePeriodSeconds'), 6, 'one that hangs drains nothing');
    const slow = await exported('kubernetes', '-e', 'SLIPWAY_STOP_TIMEOUT=2m', '--', '--stop-delay', '10s');
    assert.equal(slow.pod('terminationGracePeriodSeconds'), 5 + 130 + 5);
  });

  it('is locked down: no root, a read-only root, no capabilities, seccomp, no token', () => {
    assert.deepEqual(plain.pod('securityContext'), {
      ...{ runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    });
    const locked = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } };
    assert.deepEqual(plain.container('securityContext'), locked);
    assert.deepEqual([plain.pod('automountServiceAccountToken'), plain.pod('enableServiceLinks')], [false, false]);
    assert.deepEqual(plain.container('volumeMounts'), [{ name: 'tmp', mountPath: '/tmp' }]);
    assert.deepEqual(plain.pod('volumes'), [{ name: 'tmp', emptyDir: {} }]);
  });

  it('has limits, says which of them nobody chose, and asks for GPUs by number', async () => {
    const usual = { cpu: '2', memory: '2048Mi' };
    assert.deepEqual(plain.container('resources'), { requests: usual, limits: usual });
    assert.match(plain.said, /may use 2 CPUs[\s\S]*may use 2 GiB/);
    const gpu = await exported('kubernetes', '--gpus', '2', '--cpus', '1.5', '-m', '1000');
    const asked = { cpu: '1500m', memory: '1000', 'nvidia.com/gpu': '2' };
    assert.deepEqual(gpu.container('resources'), { requests: asked, limits: asked });
    assert.equal(gpu.container('image'), 'slipway:gpu');
    assert.deepEqual(gpu.pod('tolerations'), [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }]);
    // The device plugin says which GPUs a container sees: a variable of ours would give it all of them.
    assert.equal(gpu.env('NVIDIA_VISIBLE_DEVICES'), undefined);
    assert.equal(gpu.env('SLIPWAY_REQUIRE_GPU'), 'true');
    assert.doesNotMatch(gpu.said, /may use/);
    const mig = await exported('kubernetes', '--variant', 'gpu', '--gpu-resource', 'nvidia.com/mig-1g');
    assert.deepEqual(mig.container('resources.limits'), { ...usual, 'nvidia.com/mig-1g': '1' });
    assert.deepEqual([plain.pod('tolerations'), plain.env('SLIPWAY_EXECUTION_PROVIDER')], [undefined, 'cpu']);
  });

  it('reads each value as it was typed, in any YAML and past $(NAME)', async () => {
    const odd = [
      '$(HOME)',
      '$$',
      'a$b',
      'on',
      '08',
      '1:30',
      '~',
      ' "q" \'s\' ',
      'a: b #c',
      '{{.Name}}',
      '',
      '2026-11-25',
      'é\ty',
    ];
    const flags = odd.flatMap((value, index) => ['-e', `V${index}=${value}`]);
    const { text } = await exported('kubernetes', ...flags, '--', '--server-name', '$(X): "y"');
    // As Kubernetes does it: $$ is one $, and $(NAME) would be looked up.
    const read = (value: unknown): unknown =>
      typeof value === 'string'
        ? value.replaceAll(/\$\$|\$\([^)]*\)/g, (found) => (found === '$$' ? '$' : '?'))
        : value;
    for (const version of ['1.1', '1.2'] as const) {
      const documents = parseAllDocuments(text, { version }).map((document) => document.toJS() as unknown);
      const container = at(
        documents.find((document) => at(document, 'kind') === 'Deployment'),
        'spec.template.spec.containers.0',
      );
      const env = at(container, 'env') as readonly { name: string; value: unknown }[];
      const ours = env.filter(({ name }) => /^V\d/.test(name)).map(({ value }) => read(value));
      assert.deepEqual(ours, odd, `YAML ${version}`);
      assert.deepEqual((at(container, 'args') as readonly unknown[]).map(read), ['--server-name', '$(X): "y"']);
    }
  });

  it('takes models from a claim, from an image as a volume, and from an image that is copied', async () => {
    const mount = 'type=volume,source=models,target=/srv/models,readonly,volume-subpath=prod';
    const claim = await exported('kubernetes', '--mount', mount);
    const name = 'volume-1';
    assert.deepEqual(claim.pod('volumes.1'), { name, persistentVolumeClaim: { claimName: 'models', readOnly: true } });
    const mounted = { name, mountPath: '/srv/models', readOnly: true, subPath: 'prod' };
    assert.deepEqual(claim.container('volumeMounts.1'), mounted);
    const volume = await exported('kubernetes', '--model-image', 'oci://registry.example/digits:3');
    const image = { reference: 'registry.example/digits:3', pullPolicy: 'IfNotPresent' };
    assert.deepEqual(volume.pod('volumes.1'), { name: 'models', image });
    assert.equal(volume.env('SLIPWAY_MODELS'), '/mnt/model-image/models');
    assert.equal(volume.pod('initContainers'), undefined);
    const copied = await exported(
      'kubernetes',
      '--model-image',
      'registry.example/digits:3',
      '--model-image-by',
      'copy',
    );
    assert.deepEqual(copied.pod('initContainers.*.command'), [['cp', '-R', '/models', '/mnt/model-image']]);
    assert.equal(copied.pod('initContainers.0.securityContext.readOnlyRootFilesystem'), true);
    assert.deepEqual(copied.pod('volumes.1'), { name: 'models', emptyDir: {} });
  });

  it('has memory where --tmpfs and --shm-size ask for it', async () => {
    const places = ['--tmpfs', '/tmp:size=64m', '--tmpfs', '/scratch', '--shm-size', '1g'];
    const memory = await exported('kubernetes', ...places);
    const medium = 'Memory';
    const expected = [{ medium, sizeLimit: '67108864' }, { medium }, { medium, sizeLimit: '1073741824' }];
    assert.deepEqual(memory.pod('volumes.*.emptyDir'), expected);
    assert.deepEqual(memory.container('volumeMounts.*.mountPath'), ['/tmp', '/scratch', '/dev/shm']);
  });

  it('takes keys from a secret, and a warning is said where they would stand in the file', async () => {
    const secret = await exported('kubernetes', '--keys-secret', 'team-keys');
    assert.equal(secret.env('SLIPWAY_API_KEYS_FILE'), '/run/secrets/slipway/api-keys');
    assert.equal(secret.env('SLIPWAY_OPEN_METRICS'), 'true', 'the health port serves no metrics that ask for a key');
    assert.deepEqual(secret.pod('volumes.1.secret'), { secretName: 'team-keys', defaultMode: 0o440 });
    const clear = await exported('kubernetes', '-e', 'SLIPWAY_API_KEYS=abc');
    assert.match(clear.said, /SLIPWAY_API_KEYS would be readable in the file.*--keys-secret NAME/);
    assert.doesNotMatch(secret.said, /would stand/);
  });
});
