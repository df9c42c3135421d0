import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { formatCompose, toComposeFile } from '../../../src/launch/export/compose-file.js';
import { parseServices, toGpuPath, type ComposeRequest } from '../../../src/launch/export/compose-request.js';
import { toGpuParts } from '../../../src/launch/container/spec-parts.js';
import { parseGpus } from '../../../src/launch/request/flags/gpus.js';
import { parseMount } from '../../../src/launch/request/flags/mounts.js';

const request: ComposeRequest = {
  ...{ project: 'slipway', variant: 'cpu', image: 'slipway:cpu', network: 'models', hostIp: '127.0.0.1', env: {} },
  mounts: [],
  serverArgs: [],
  services: parseServices(['digits=./digits', 'rest=.:rw', 'bundled'], 9000),
};
const gpus = (way: 'cdi' | 'gpus' | 'runtime', asked: string) =>
  toComposeFile({ ...request, variant: 'gpu', image: 'slipway:gpu', gpu: toGpuPath(way, parseGpus(asked)) }).services[
    'digits'
  ];
const portsOf = (file: ReturnType<typeof toComposeFile>): unknown =>
  Object.values(file.services).map(({ ports }) => ports);
const base = { cwd: '/work', homeFolder: '/home/me', platform: 'linux' } as const;
const devicesOf = (service: ReturnType<typeof gpus>): unknown =>
  (service?.['deploy'] as { resources: { reservations: { devices: unknown } } }).resources.reservations.devices;

describe('a Compose file', () => {
  it('holds servers side by side on one network, ports counting up, each locked down', () => {
    const { services, networks } = toComposeFile(request);
    assert.deepEqual(Object.keys(services), ['digits', 'rest', 'bundled']);
    assert.deepEqual(networks, { models: {} });
    for (const [index, service] of Object.values(services).entries()) {
      assert.deepEqual(service['ports'], [`127.0.0.1:${9000 + index}:8000`]);
      assert.deepEqual(service['networks'], ['models']);
      assert.equal(service['read_only'], true);
      assert.deepEqual(service['cap_drop'], ['ALL']);
      assert.equal((service['labels'] as Record<string, string>)['slipway.managed'], 'true');
      assert.equal(service['deploy'], undefined);
      assert.deepEqual(service['environment'], { SLIPWAY_EXECUTION_PROVIDER: 'cpu' });
    }
  });

  it('mounts a folder read-only unless told otherwise, never makes a missing one, and none for bundled models', () => {
    const { services } = toComposeFile(request);
    const mount = { type: 'bind', target: '/srv', bind: { create_host_path: false } };
    assert.deepEqual(services['digits']?.['volumes'], [{ ...mount, source: './digits', read_only: true }]);
    assert.deepEqual(services['rest']?.['volumes'], [{ ...mount, source: '.' }]);
    assert.equal(services['bundled']?.['volumes'], undefined);
  });

  it('reserves GPUs by count, by id, by CDI name or by the nvidia runtime, and then insists on one', () => {
    const all = gpus('gpus', 'all');
    assert.deepEqual(devicesOf(all), [{ driver: 'nvidia', count: 'all', capabilities: ['gpu'] }]);
    const ids = gpus('gpus', 'device=GPU-1,3');
    assert.deepEqual(devicesOf(ids), [{ driver: 'nvidia', device_ids: ['GPU-1', '3'], capabilities: ['gpu'] }]);
    const video = gpus('gpus', '1,"capabilities=video"');
    const capabilities = ['gpu', 'compute', 'utility', 'video'];
    assert.deepEqual(devicesOf(video), [{ driver: 'nvidia', count: 1, capabilities }]);
    const cdi = gpus('cdi', '2');
    const names = ['nvidia.com/gpu=0', 'nvidia.com/gpu=1'];
    assert.deepEqual(devicesOf(cdi), [{ driver: 'cdi', device_ids: names, capabilities: ['gpu'] }]);
    assert.equal(gpus('runtime', 'device=1')?.['runtime'], 'nvidia');
  });

  it('names by variables the GPUs that up would, none where CDI brings them', () => {
    for (const [way, asked, visible] of [
      ['gpus', 'all', 'all'],
      ['gpus', '2', '0,1'],
      ['cdi', 'device=1', 'void'],
      ['runtime', 'device=1', '1'],
    ] as const) {
      const environment = gpus(way, asked)?.['environment'] as Record<string, string>;
      assert.equal(environment['NVIDIA_VISIBLE_DEVICES'], visible, way);
      const { env } = toGpuParts(toGpuPath(way, parseGpus(asked)));
      assert.deepEqual(environment, { SLIPWAY_REQUIRE_GPU: 'true', ...env });
    }
  });

  it("publishes the server's own port and the one for gRPC, each on a free number, and says both", () => {
    const asked = { ...request, env: { SLIPWAY_GRPC_PORT: '8001' }, serverArgs: ['--port', '8500'] };
    assert.deepEqual(portsOf(toComposeFile(asked)), [
      ['127.0.0.1:9000:8500', '127.0.0.1:8001:8001'],
      ['127.0.0.1:9001:8500', '127.0.0.1:8002:8001'],
      ['127.0.0.1:9002:8500', '127.0.0.1:8003:8001'],
    ]);
    const text = formatCompose(asked);
    assert.match(
      text,
      /^# From this machine http:\/\/127\.0\.0\.1:9000; on the network "models" http:\/\/digits:8500$/m,
    );
    assert.match(text, /^# gRPC: from this machine 127\.0\.0\.1:8001; on the network digits:8001$/m);
    for (const { command, labels } of Object.values(toComposeFile(asked).services)) {
      assert.deepEqual(command, ['--port', '8500']);
      assert.equal((labels as Record<string, string>)['slipway.port'], '8500');
    }
    const close = { ...request, services: parseServices(['a', 'b'], 8000), serverArgs: ['--grpc-port=8001'] };
    assert.deepEqual(portsOf(toComposeFile(close)), [
      ['127.0.0.1:8000:8000', '127.0.0.1:8002:8001'],
      ['127.0.0.1:8001:8000', '127.0.0.1:8003:8001'],
    ]);
    const last = { ...close, services: parseServices(['a', 'b'], 65_534), serverArgs: ['--grpc-port=65535'] };
    assert.throws(() => toComposeFile(last), { code: 'USAGE', message: /gRPC would get port 65536/ });
    assert.throws(() => toComposeFile({ ...request, env: { SLIPWAY_GRPC_PORT: 'x' } }), { code: 'USAGE' });
  });

  it('says https where the servers speak TLS, by variable or argument', () => {
    const env = { SLIPWAY_TLS_CERT: '/certs/tls.crt', SLIPWAY_TLS_KEY: '/certs/tls.key' };
    const line = /^# From this machine https:\/\/127\.0\.0\.1:9000; .* https:\/\/digits:8000$/m;
    assert.match(formatCompose({ ...request, env }), line);
    assert.match(formatCompose({ ...request, serverArgs: ['--tls-cert', '/certs/tls.crt'] }), line);
  });

  it('mounts what every server is given besides its folder, and refuses what Compose cannot say', () => {
    const texts = ['/certs:/certs:ro,z', 'cache:/var/cache/slipway', 'type=tmpfs,target=/scratch,tmpfs-size=1m'];
    const mounts = texts.map((text) => parseMount(text, base));
    const file = toComposeFile({ ...request, mounts });
    const own = [
      { type: 'volume', source: 'cache', target: '/var/cache/slipway' },
      { type: 'tmpfs', target: '/scratch', tmpfs: { size: 1_048_576 } },
      {
        type: 'bind',
        source: '/certs',
        target: '/certs',
        read_only: true,
        bind: { create_host_path: false, selinux: 'z' },
      },
    ];
    assert.deepEqual(file.services['bundled']?.['volumes'], own);
    assert.deepEqual((file.services['digits']?.['volumes'] as unknown[]).slice(1), own);
    assert.deepEqual(file.volumes, { cache: { name: 'cache' } });
    for (const text of [
      'type=volume,source=data,target=/a,volume-driver=nfs',
      'type=bind,source=/a,target=/a,bind-recursive=disabled',
    ])
      assert.throws(() => toComposeFile({ ...request, mounts: [parseMount(text, base)] }), {
        code: 'USAGE',
        message: /at \/a: .*To fix/,
      });
  });

  it('reads back as it was meant, with variables that look like other types, and an IPv6 address', () => {
    const odd = { ...request, env: { A: 'yes', B: '010', C: 'a: #b' }, hostIp: '::1' };
    const text = formatCompose(odd);
    assert.deepEqual(parse(text), toComposeFile(odd));
    assert.doesNotMatch(text, /&a1|\*a1/);
    assert.match(text, /"?\[::1\]:9000:8000"?/);
    assert.match(text.split('\n')[0] ?? '', /^# .*docker compose up -d --wait/);
  });

  it('writes what was typed where Compose would interpolate, and quotes what any YAML takes for another type', () => {
    const env = {
      A: 'pa$word${HOME}',
      B: '$$',
      C: 'on',
      D: '08',
      E: '1:30',
      F: '2026-11-25',
      G: '0o17',
      H: '~',
      I: 'x\ny',
      J: '',
      K: 'a\tb',
      L: ' a\t\n b ',
      M: '<<',
      N: '=',
      O: 'a\u007f\u009b\u0085\u2028\u2029\ufeff\uffffb\u0001😀é',
    };
    const services = parseServices(['four=./x$y'], 9000);
    const text = formatCompose({ ...request, services, project: 'a', env, image: 'i:${T:?no}' });
    const undone = (value: string) => value.replaceAll('$$', '$');
    for (const version of ['1.1', '1.2'] as const) {
      const { four } = (parse(text, { version }) as ReturnType<typeof toComposeFile>).services;
      const read = Object.entries(four?.['environment'] as Record<string, string>);
      const expected = { SLIPWAY_EXECUTION_PROVIDER: 'cpu', ...env };
      assert.deepEqual(Object.fromEntries(read.map(([key, value]) => [key, undone(value)])), expected);
      assert.equal(undone(four?.['image'] as string), 'i:${T:?no}');
      assert.equal(undone((four?.['volumes'] as { source: string }[])[0]?.source ?? ''), './x$y');
    }
    assert.match(text, /A: pa\$\$word\$\$\{HOME\}/);
    // What readers of YAML 1.1 other than this one refuse, change, or take for a line's end or a merge.
    assert.match(text, /K: "a\\tb"/);
    assert.match(text, /M: '<<'\n +'N': '='/);
    assert.match(text, /O: "a\\u007f\\u009b\\u0085\\u2028\\u2029\\ufeff\\uffffb\\u0001😀é"/);
    assert.doesNotMatch(text, /[\t\x7f-\x9f\u2028\u2029\ufeff\uffff]/);
  });

  it('refuses names that Compose would, the same name twice, no folder, and ports beyond the last', () => {
    for (const [operands, expected] of [
      [['A'], /"A" is not a service.*digits=\.\/my-models/],
      [['a=x', 'a=y'], /a is named twice/],
      [['a='], /"a=" names no folder/],
      [['a=:ro'], /names no folder/],
    ] as const) {
      assert.throws(() => parseServices(operands, 8000), { code: 'USAGE', message: expected });
    }
    assert.throws(() => parseServices(['a', 'b'], 65_535), { code: 'USAGE', message: /b would get port 65536/ });
    assert.deepEqual(parseServices([], 8000), [{ name: 'slipway', isReadOnly: true, hostPort: 8000 }]);
  });
});
