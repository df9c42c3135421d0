import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { extract } from 'tar-fs';
import { buildImage } from '../../../../src/launch/docker/build.js';
import { toBuildah } from '../../../../src/launch/docker/build-context.js';
import { openGateway, parseEngineInfo } from '../../../../src/launch/docker/engine-gateway.js';
import { parseSummary } from '../../../../src/launch/docker/api/container-mapping.js';
import { parseImageSummary } from '../../../../src/launch/docker/api/image-mapping.js';
import type { DockerGateway } from '../../../../src/launch/docker/gateway.js';
import { isMeant } from '../../../../src/launch/docker/reference.js';
import { temporaryFolder } from '../../../support/folder.js';
import { openStubEngine, sendJson } from '../stub-engine.js';

// What Podman 4.3.1 and 5.4.2 answered to the same requests, as root and rootless.
const version = {
  Platform: { Name: 'linux/amd64/debian-12' },
  Components: [{ Name: 'Podman Engine', Version: '4.3.1', Details: { APIVersion: '4.3.1', MinAPIVersion: '4.0.0' } }],
  Version: '4.3.1',
  ApiVersion: '1.41',
  MinAPIVersion: '1.24',
};
const info = {
  ServerVersion: '4.3.1',
  OSType: 'linux',
  OperatingSystem: 'debian',
  Architecture: 'amd64',
  Runtimes: { crun: { path: '/usr/bin/crun' }, runc: { path: '/usr/bin/runc' } },
  CgroupVersion: '1',
  SecurityOptions: ['name=seccomp,profile=default'],
  Rootless: true,
};

function gatewayAt(path: string): DockerGateway {
  return openGateway({ url: `unix://${path}`, source: '-H', address: { kind: 'unix', path } });
}

describe('Podman', () => {
  it('says in a field of its own whether it is rootless', () => {
    const { kind, rootless, version: found } = parseEngineInfo(version, info);
    assert.deepEqual([kind, rootless, found], ['podman', true, '4.3.1']);
    assert.equal(parseEngineInfo(version, { ...info, Rootless: false }).rootless, false);
  });

  it('writes out the default registry, which no name here does', () => {
    const RepoTags = [
      'docker.io/library/slipway:cpu',
      'docker.io/team/app:1',
      'localhost/own:2',
      'a.b/c:3',
      '<none>:<none>',
    ];
    const image = parseImageSummary({ Id: 'sha256:1', RepoTags });
    assert.deepEqual(image.tags, ['slipway:cpu', 'team/app:1', 'localhost/own:2', 'a.b/c:3']);
    assert.equal(parseSummary({ Image: 'docker.io/library/slipway:cpu' }).image, 'slipway:cpu');
    for (const ref of [
      'slipway:cpu',
      'docker.io/library/slipway:cpu',
      'docker.io/team/app:1',
      'team/app:1',
      'own:2',
      'localhost/own:2',
    ])
      assert.ok(isMeant(image, ref), ref);
    for (const ref of ['slipway', 'slipway:gpu', 'app:1', 'library/own:2', 'c:3']) assert.ok(!isMeant(image, ref), ref);
  });

  it('is sent no body before what is typed: it takes one for that', async (context) => {
    const path = join(temporaryFolder('podman-'), 'e.sock');
    const open: Socket[] = [];
    const server = createServer((socket) => {
      open.push(socket);
      let got = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        const hadAll = got.includes('\r\n\r\n');
        got += text;
        if (!hadAll && got.includes('\r\n\r\n'))
          socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
        if (got.endsWith('exit\n')) socket.end(got.slice(got.indexOf('\r\n\r\n') + 4));
      });
    }).listen(path);
    context.after(() => {
      for (const socket of open) socket.destroy();
      server.close();
    });
    await once(server, 'listening');
    const attached = await gatewayAt(path).containers.attach('web', { stdin: true, tty: true });
    attached.input.write('exit\n');
    let echoed = '';
    for await (const { data } of attached.output) echoed += data.toString();
    assert.equal(echoed, 'exit\n');
  });

  it('is measured by two readings, for it names none before; others by one', async (context) => {
    const cpu = (total: number, system: number) => ({
      cpu_usage: { total_usage: total },
      ...(system === 0 ? {} : { system_cpu_usage: system, online_cpus: 2 }),
    });
    const answers = {
      podman: [
        { cpu_stats: cpu(1000, 50_000), precpu_stats: cpu(0, 0) },
        { cpu_stats: cpu(1500, 51_000), precpu_stats: cpu(0, 0) },
      ],
      docker: [{ cpu_stats: cpu(1500, 51_000), precpu_stats: cpu(1000, 50_000) }],
      stopped: [{ cpu_stats: cpu(0, 0), precpu_stats: cpu(0, 0) }],
    };
    const asked: string[] = [];
    const path = await openStubEngine(context, ({ url = '' }, response) => {
      const name = /\/containers\/(\w+)\/stats/.exec(url)?.[1] as keyof typeof answers;
      asked.push(name);
      sendJson(response, answers[name].shift());
    });
    const { containers } = gatewayAt(path);
    assert.equal((await containers.sample('podman')).cpuPercent, 100);
    assert.equal((await containers.sample('docker')).cpuPercent, 100);
    assert.equal((await containers.sample('stopped')).cpuPercent, 0);
    assert.deepEqual(asked, ['podman', 'podman', 'docker', 'stopped']);
  });
});

describe("Podman's builder", () => {
  it('gets no flag that it refuses', () => {
    for (const [given, expected] of [
      ['COPY --link --from=a /x/ /\n', 'COPY --from=a /x/ /\n'],
      ['  copy --from=a --link=true /x/ /\n', '  copy --from=a /x/ /\n'],
      ['ADD --chmod=644 --link a b\n', 'ADD --chmod=644 a b\n'],
      [
        'HEALTHCHECK --interval=30s --start-interval=1s --retries=3 \\\n',
        'HEALTHCHECK --interval=30s --retries=3 \\\n',
      ],
    ] as const) {
      assert.equal(toBuildah(given), expected);
    }
    for (const kept of [
      'RUN ln --link a b\n',
      'COPY --linked a b\n',
      'COPY a --link\n',
      '# COPY --link a b\n',
      'COPY a b\n',
    ])
      assert.equal(toBuildah(kept), kept);
  });

  it('builds where docker buildx would pull and start another one', async (context) => {
    const folder = temporaryFolder('context-');
    const got = join(folder, 'got');
    const source = join(folder, 'source');
    await mkdir(join(source, 'docker'), { recursive: true });
    await writeFile(join(source, 'docker/Dockerfile.cpu'), 'FROM scratch\nCOPY --link é.txt /\n');
    await writeFile(join(source, 'é.txt'), 'COPY --link stays\n');
    const asked: string[] = [];
    const path = await openStubEngine(context, (request, response) => {
      const url = request.url ?? '';
      asked.push(url.split('?')[0] ?? '');
      if (url === '/version') sendJson(response, version);
      else if (url === '/info') sendJson(response, info);
      else request.pipe(extract(got)).on('finish', () => sendJson(response, { aux: { ID: 'sha256:made' } }));
    });
    const request = { context: source, dockerfile: join(source, 'docker/Dockerfile.cpu'), tags: ['slipway:cpu'] };
    const tools = { docker: gatewayAt(path), env: { PATH: process.env['PATH'] }, onLine: () => undefined };
    assert.equal(await buildImage(request, tools), 'sha256:made');
    assert.deepEqual(asked.sort(), ['/build', '/info', '/version']);
    assert.equal(await readFile(join(got, 'docker/Dockerfile.cpu'), 'utf8'), 'FROM scratch\nCOPY é.txt /\n');
    assert.equal(await readFile(join(got, 'é.txt'), 'utf8'), 'COPY --link stays\n');
  });
});
