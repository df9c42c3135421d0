import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { credentials } from '@grpc/grpc-js';
import type { Launched } from '../../../src/launch/session/outcome.js';
import { runLauncher } from '../../engine/stand-in.js';
import { makeCertificate } from '../../support/certificates.js';
import { callOf, createClient } from '../../support/grpc.js';
import { temporaryFolder } from '../../support/folder.js';
import { findFreePort } from '../../../bench/targets/free-port.js';

describe('launch without an engine', () => {
  it('starts the real server, finds it again after its launcher was killed, and drains it at Ctrl-C', async () => {
    const env = {
      SLIPWAY_STATE_DIR: temporaryFolder('native-'),
      SLIPWAY_CACHE_DIR: temporaryFolder('native-cache-'),
      DOCKER_HOST: 'unix:///nowhere/docker.sock',
    };
    const args = ['-p', `${await findFreePort()}:8000`];
    const first = runLauncher(args, env);
    await first.seen('next ');
    first.child.kill('SIGKILL');
    await first.ended;
    const again = await runLauncher(['--json', ...args], env).ended;
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /native, because No container engine answers at unix:\/\/\/nowhere\/docker\.sock/);
    const launched = JSON.parse(again.stdout) as Launched;
    assert.equal(launched.isReused, true);
    assert.deepEqual(launched.devices, ['cpu']);
    const third = runLauncher([...args, '--replace'], env);
    await third.seen('next ');
    third.child.kill('SIGINT');
    const { code, stderr } = await third.ended;
    assert.equal(code, 0, stderr);
    await assert.rejects(fetch(`${launched.url ?? ''}/v2`));
  });

  it('waits for a server with TLS, and tells where it answers gRPC', async (context) => {
    const folder = temporaryFolder('native-tls-');
    const own = makeCertificate('own');
    const [cert, key] = [join(folder, 'cert'), join(folder, 'key')];
    await writeFile(cert, own.cert);
    await writeFile(key, own.key);
    const env = { SLIPWAY_STATE_DIR: folder, SLIPWAY_CACHE_DIR: folder, DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const [port, grpcPort] = [await findFreePort(), await findFreePort()];
    const flags = ['--grpc-port', String(grpcPort), '--tls-cert', cert, '--tls-key', key];
    const up = await runLauncher(['-d', '--json', '-p', `${port}:8000`, '--', ...flags], env).ended;
    assert.equal(up.code, 0, up.stderr);
    const { name, url, grpcAddress, models } = JSON.parse(up.stdout) as Launched;
    context.after(() => runLauncher(['rm', '-f', name], env).ended);
    assert.deepEqual([url, grpcAddress], [`https://127.0.0.1:${port}`, `127.0.0.1:${grpcPort}`]);
    assert.ok(models.includes('digits'));
    const client = createClient(`localhost:${grpcPort}`, undefined, credentials.createSsl(Buffer.from(own.cert)));
    context.after(() => client.close());
    assert.equal((await callOf(client, ['ServerReady', {}])).message['ready'], true);
  });

  it('never takes a server for its own that another program runs at its port', async (context) => {
    const folder = temporaryFolder('native-taken-');
    const env = { SLIPWAY_STATE_DIR: folder, SLIPWAY_CACHE_DIR: folder, DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const other = createServer((_, response) => response.end('{"ready":true}')).listen(0, '127.0.0.1');
    context.after(() => other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    for (const flags of [['-d'], [], ['--replace']]) {
      const { code, stdout, stderr } = await runLauncher([...flags, '-p', `${port}:8000`], env).ended;
      assert.equal(code, 7, stderr);
      assert.equal(stdout, '');
      assert.doesNotMatch(stderr, /ready after/);
      const fix = `fix: -p ${port + 1}:8000`;
      assert.ok(stderr.includes(`Port ${port} on 127.0.0.1 is taken by another program.\n  ${fix}`), stderr);
    }
    const { stdout } = await runLauncher(['ps', '-a', '--json'], env).ended;
    assert.doesNotMatch(stdout, /slipway-native/);
  });

  it('never runs natively where a container was asked for', async () => {
    const { code, stderr } = await runLauncher(['--variant', 'cpu'], { DOCKER_HOST: 'unix:///nowhere/docker.sock' })
      .ended;
    assert.equal(code, 4);
    assert.match(stderr, /--variant cpu is not possible: No container engine answers[\s\S]*fix: .*--variant native/);
  });
  it('says once that none answers, and why, where the facts are shown', async () => {
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const lines = [['plan'], ['plan', '--variant', 'cpu'], ['up', '--explain', '--variant', 'cpu']];
    const runs = await Promise.all(lines.map((args) => runLauncher(args, env).ended));
    for (const { stderr } of runs) {
      assert.equal(stderr.split('No container engine answers at').length, 2, stderr);
      assert.match(stderr, /cpu +no +no container engine answers; start the engine/);
    }
    assert.match(runs[0]?.stderr ?? '', /^! native, because no container engine answers$/m);
  });
});
