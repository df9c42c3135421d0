import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { formatCompose, toComposeFile } from '../../../src/launch/export/compose-file.js';
import { parseServices, type ComposeRequest } from '../../../src/launch/export/compose-request.js';

const request: ComposeRequest = {
  ...{ project: 'slipway', variant: 'cpu', image: 'slipway:cpu', network: 'models', hostIp: '127.0.0.1', env: {} },
  services: parseServices(['digits=./digits', 'rest=.:rw', 'bundled'], 9000),
};
const gpus = (gpu: NonNullable<ComposeRequest['gpu']>) =>
  toComposeFile({ ...request, variant: 'gpu', image: 'slipway:gpu', gpu }).services['digits'];
const devicesOf = (service: ReturnType<typeof gpus>): unknown =>
  (service?.['deploy'] as { resources: { reservations: { devices: unknown } } }).resources.reservations.devices;

describe('a Compose file', () => {
  it('holds the servers side by side on one network, ports counting up, each locked down', () => {
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
      assert.equal(service['environment'], undefined);
    }
  });

  it('mounts a folder read-only unless told otherwise, never makes a missing one, and none for bundled models', () => {
    const { services } = toComposeFile(request);
    const mount = { type: 'bind', target: '/srv', bind: { create_host_path: false } };
    assert.deepEqual(services['digits']?.['volumes'], [{ ...mount, source: './digits', read_only: true }]);
    assert.deepEqual(services['rest']?.['volumes'], [{ ...mount, source: '.', read_only: false }]);
    assert.equal(services['bundled']?.['volumes'], undefined);
  });

  it('reserves GPUs by count, by id, by CDI name or by the nvidia runtime, and then insists on one', () => {
    const all = gpus({ path: 'gpus', selection: { kind: 'all' } });
    assert.deepEqual(devicesOf(all), [{ driver: 'nvidia', count: 'all', capabilities: ['gpu'] }]);
    assert.deepEqual(all?.['environment'], { SLIPWAY_REQUIRE_GPU: 'true', NVIDIA_VISIBLE_DEVICES: 'all' });
    const ids = gpus({ path: 'gpus', selection: { kind: 'ids', ids: ['GPU-1', '3'] } });
    assert.deepEqual(devicesOf(ids), [{ driver: 'nvidia', device_ids: ['GPU-1', '3'], capabilities: ['gpu'] }]);
    const cdi = gpus({ path: 'cdi', selection: { kind: 'count', count: 2 } });
    const names = ['nvidia.com/gpu=0', 'nvidia.com/gpu=1'];
    assert.deepEqual(devicesOf(cdi), [{ driver: 'cdi', device_ids: names, capabilities: ['gpu'] }]);
    assert.equal((cdi?.['environment'] as Record<string, string>)['NVIDIA_VISIBLE_DEVICES'], 'void');
    const runtime = gpus({ path: 'runtime', selection: { kind: 'ids', ids: ['1'] } });
    assert.equal(runtime?.['runtime'], 'nvidia');
    assert.deepEqual(runtime['environment'], { SLIPWAY_REQUIRE_GPU: 'true', NVIDIA_VISIBLE_DEVICES: '1' });
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
    };
    const services = parseServices(['four=./x$y'], 9000);
    const text = formatCompose({ ...request, services, project: 'a', env, image: 'i:${T:?no}' });
    const undone = (value: string) => value.replaceAll('$$', '$');
    for (const version of ['1.1', '1.2'] as const) {
      const { four } = (parse(text, { version }) as ReturnType<typeof toComposeFile>).services;
      const read = Object.entries(four?.['environment'] as Record<string, string>);
      assert.deepEqual(Object.fromEntries(read.map(([key, value]) => [key, undone(value)])), env);
      assert.equal(undone(four?.['image'] as string), 'i:${T:?no}');
      assert.equal(undone((four?.['volumes'] as { source: string }[])[0]?.source ?? ''), './x$y');
    }
    assert.match(text, /A: pa\$\$word\$\$\{HOME\}/);
  });

  it('refuses names that Compose would, the same name twice, no folder, and ports beyond the last', () => {
    for (const [operands, expected] of [
      [['A'], /"A" is no service.*digits=\.\/my-models/],
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
