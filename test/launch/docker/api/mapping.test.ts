import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDetails, parseStats, parseSummary } from '../../../../src/launch/docker/api/container-mapping.js';
import { parseEngineInfo } from '../../../../src/launch/docker/engine-gateway.js';
import { demultiplex, parseJsonLines } from '../../../../src/launch/docker/api/frames.js';
import { parseReference } from '../../../../src/launch/docker/reference.js';

/** A stream of these bytes in chunks of `size`. */
async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

function frame(stream: 1 | 2, text: string): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

describe("the engine's streams", () => {
  it('are split into stdout and stderr wherever the chunks end', async () => {
    const bytes = Buffer.concat([frame(1, 'out'), frame(2, 'bad'), frame(1, ''), frame(1, 'put')]);
    for (const size of [1, 3, 8, 11, 100]) {
      const texts = { stdout: '', stderr: '' };
      for await (const { stream, data } of demultiplex(chunked(bytes, size))) texts[stream] += data.toString();
      assert.deepEqual(texts, { stdout: 'output', stderr: 'bad' }, `chunks of ${size}`);
    }
  });

  it('are parsed as JSON lines wherever the chunks end, letters of several bytes included', async () => {
    const bytes = Buffer.from('{"a":"é"}\r\n\n{"a":2}');
    for (const size of [1, 7, 100]) {
      const seen = [];
      for await (const value of parseJsonLines(chunked(bytes, size))) seen.push(value);
      assert.deepEqual(seen, [{ a: 'é' }, { a: 2 }]);
    }
  });
});

describe("the engine's facts", () => {
  const version = { Version: '28.5.1', ApiVersion: '1.51', MinAPIVersion: '1.24', Components: [{ Name: 'Engine' }] };

  it('leave undefined what an older engine does not tell', () => {
    const old = parseEngineInfo(version, { ServerVersion: '20.10', Architecture: 'x86_64' });
    assert.ok(!('cdiDevices' in old) && !('cdiSpecDirs' in old));
    assert.equal(old.architecture, 'amd64');
    const now = parseEngineInfo(version, {
      CDISpecDirs: ['/etc/cdi'],
      DiscoveredDevices: [
        { Source: 'cdi', ID: 'nvidia.com/gpu=0' },
        { Source: 'other', ID: 'x' },
      ],
    });
    assert.deepEqual(now.cdiDevices, ['nvidia.com/gpu=0']);
    assert.deepEqual(now.cdiSpecDirs, ['/etc/cdi']);
  });

  it('tell Podman, Docker Desktop and rootless engines apart', () => {
    const podman = { ...version, Components: [{ Name: 'Podman Engine' }] };
    assert.equal(parseEngineInfo(podman, {}).kind, 'podman');
    assert.equal(parseEngineInfo(version, { OperatingSystem: 'Docker Desktop' }).kind, 'desktop');
    assert.equal(parseEngineInfo(version, { OperatingSystem: 'Debian' }).kind, 'docker');
    assert.equal(parseEngineInfo(version, { SecurityOptions: ['name=seccomp', 'name=rootless'] }).rootless, true);
  });
});

describe("the engine's containers", () => {
  it('carry health out of the status, their own name before a link, and ports with and without a host side', () => {
    const summary = parseSummary({
      Names: ['/other/alias', '/web'],
      State: 'running',
      Status: 'Up 2 seconds (health: starting)',
      Ports: [
        { IP: '127.0.0.1', PrivatePort: 8000, PublicPort: 8001, Type: 'tcp' },
        { PrivatePort: 9, Type: 'udp' },
      ],
    });
    assert.equal(summary.name, 'web');
    assert.equal(summary.health, 'starting');
    assert.deepEqual(summary.ports, [
      { containerPort: 8000, protocol: 'tcp', hostPort: 8001, hostIp: '127.0.0.1' },
      { containerPort: 9, protocol: 'udp' },
    ]);
  });

  it('have their address read from their networks: newer engines have no other', () => {
    const details = parseDetails({
      NetworkSettings: {
        Networks: { bridge: { IPAddress: '172.17.0.2', Gateway: '172.17.0.1' } },
        Ports: { '8000/tcp': [{ HostIp: '127.0.0.1', HostPort: '8000' }], '9/udp': null },
      },
    });
    assert.deepEqual(details.networks, [{ name: 'bridge', ip: '172.17.0.2', gateway: '172.17.0.1' }]);
    assert.equal(details.ports[0]?.hostPort, 8000);
    assert.deepEqual(details.ports[1], { containerPort: 9, protocol: 'udp' });
  });

  it('are measured as the docker CLI measures: CPU over all cores, memory without page cache', () => {
    const sample = parseStats({
      cpu_stats: { cpu_usage: { total_usage: 600 }, system_cpu_usage: 2000, online_cpus: 4 },
      precpu_stats: { cpu_usage: { total_usage: 100 }, system_cpu_usage: 1000 },
      memory_stats: { usage: 1000, limit: 5000, stats: { inactive_file: 300 } },
      networks: { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } },
      blkio_stats: {
        io_service_bytes_recursive: [
          { op: 'Read', value: 5 },
          { op: 'write', value: 6 },
          { op: 'read', value: 7 },
        ],
      },
      pids_stats: { current: 9 },
    });
    assert.deepEqual(sample, {
      cpuPercent: 200,
      memoryBytes: 700,
      memoryLimitBytes: 5000,
      receivedBytes: 11,
      sentBytes: 22,
      readBytes: 12,
      writtenBytes: 6,
      pids: 9,
    });
  });
});

describe("an image's name", () => {
  it('is taken apart into registry, name, tag and digest', () => {
    assert.deepEqual(parseReference('debian'), { name: 'debian' });
    assert.deepEqual(parseReference('team/app:1'), { name: 'team/app', tag: '1' });
    assert.deepEqual(parseReference('localhost/app'), { registry: 'localhost', name: 'localhost/app' });
    assert.deepEqual(parseReference('host:5000/app'), { registry: 'host:5000', name: 'host:5000/app' });
    assert.deepEqual(parseReference('a.b/c/d:2@sha256:ff'), {
      registry: 'a.b',
      name: 'a.b/c/d',
      tag: '2',
      digest: 'sha256:ff',
    });
  });
});
