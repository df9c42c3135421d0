import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import type { ServerFacts } from '../../src/launch/fleet/server.js';
import { temporaryFolder } from '../support/folder.js';
import { run } from './docker-cli.js';
import { nodeBase, openStandInSuite, runLauncher, standIn } from './stand-in.js';
import { openTestEngine } from './support.js';

const engine = await openTestEngine(nodeBase);
const label = 'slipway.test=names';

describe('whose server, under which name and address', { skip: engine.skip, concurrency: false }, () => {
  const docker = engine.docker!;
  const { nextPort, ours, start, up, upJson } = openStandInSuite(docker, label, 23_000);
  const elsewhere = join(temporaryFolder('checkout-'), 'other');
  const launchElsewhere = (...args: readonly string[]) =>
    run(process.execPath, [join(elsewhere, 'dist/src/launch/main.js'), ...args]);
  const state = async (name: string): Promise<string> => (await docker.containers.inspect(name)).state.status;

  before(async () => {
    await mkdir(elsewhere);
    await cp('dist/src', join(elsewhere, 'dist/src'), { recursive: true });
    await cp('package.json', join(elsewhere, 'package.json'));
    await symlink(resolve('node_modules'), join(elsewhere, 'node_modules'));
  });

  it('a new --name never reports what runs under another: the port is taken, by what', async () => {
    const publish = nextPort();
    const first = await upJson(['--variant', 'cpu', '-p', publish]);
    const second = await up(['-d', '--variant', 'cpu', '-p', publish, '--name', 'slipway-test-second']);
    assert.equal(second.code, 7, second.stderr);
    assert.match(second.stderr, new RegExp(`taken by ${first.name} \\(cpu, with the same options\\)`));
    const unpublished = ['--variant', 'cpu', '--network', 'none'];
    const one = await upJson(unpublished);
    const two = await upJson([...unpublished, '--name', 'slipway-test-two']);
    assert.equal(two.name, 'slipway-test-two');
    assert.notEqual(two.containerId, one.containerId);
    assert.equal((await upJson(['--variant', 'cpu', '-p', publish])).containerId, first.containerId);
  });

  it('--replace takes what holds the address, not what holds the same port of another', async () => {
    const port = nextPort().split(':')[0] ?? '';
    const names = { '127.0.0.1': 'slipway-test-one', '127.0.0.2': 'slipway-test-other' };
    for (const [ip, name] of Object.entries(names))
      await upJson(['--variant', 'cpu', '-p', `${ip}:${port}:8000`, '--name', name]);
    const first = await upJson(['--variant', 'cpu', '-p', `127.0.0.1:${port}:8000`, '-e', 'A=1', '--replace']);
    await assert.rejects(docker.containers.inspect(names['127.0.0.1']), { code: 'CONTAINER_NOT_FOUND' });
    assert.equal(await state(names['127.0.0.2']), 'running');
    await upJson(['--variant', 'cpu', '-p', `0.0.0.0:${port}:8000`, '--replace']);
    await assert.rejects(docker.containers.inspect(first.name), { code: 'CONTAINER_NOT_FOUND' });
    await assert.rejects(docker.containers.inspect(names['127.0.0.2']), { code: 'CONTAINER_NOT_FOUND' });
  });

  it('commands without a name leave a server of another checkout alone, and say what to type', async () => {
    for (const { id } of await ours()) await docker.containers.remove(id, { force: true });
    const publish = nextPort();
    const line = ['--image', standIn, '--label', label, '-d', '--variant', 'cpu', '-p', publish];
    const started = await launchElsewhere(...line, '--name', 'slipway-test-theirs');
    assert.equal(started.code, 0, started.stderr);
    for (const word of ['stop', 'restart']) {
      const { code, stderr } = await runLauncher([word]).ended;
      assert.equal(code, 2, stderr);
      assert.match(
        stderr,
        new RegExp(
          `slipway-test-theirs is the only .* was started by .*@.* from ${elsewhere}\\. .*: launch ${word} slipway`,
        ),
      );
    }
    assert.equal(await state('slipway-test-theirs'), 'running');
    const replacing = await up(['-d', '--variant', 'cpu', '-p', publish, '-e', 'A=1', '--replace']);
    assert.equal(replacing.code, 2, replacing.stderr);
    assert.match(replacing.stderr, /--replace leaves it alone\.\n.*fix: launch rm -f slipway-test-theirs/);
    assert.equal(await state('slipway-test-theirs'), 'running');
    await upJson(['--variant', 'cpu', '-p', nextPort(), '--name', 'slipway-test-mine']);
    assert.equal((await runLauncher(['stop']).ended).stdout, 'slipway-test-mine\n');
    assert.equal((await runLauncher(['stop', 'slipway-test-theirs']).ended).stdout, 'slipway-test-theirs\n');
    assert.equal(await state('slipway-test-theirs'), 'exited');
  });

  it('--replace leaves the old server in its place where the new one cannot be created, does not start or is interrupted', async () => {
    const name = 'slipway-test-stays';
    const publish = nextPort();
    const line = ['--variant', 'cpu', '--name', name, '-p', publish];
    const { containerId = '' } = await upJson(line);
    const startedAt = async () => (await docker.containers.inspect(containerId)).raw['State'] as { StartedAt: string };
    const before = await startedAt();
    const uncreated = await up(['-d', ...line, '--replace', '--runtime', 'slipway-test-no-such-runtime']);
    assert.notEqual(uncreated.code, 0);
    assert.deepEqual(await startedAt(), before, 'it was not even stopped');
    const again = new RegExp(`\\n  ${name} was started again, as it was\\.\\n`);
    const only = async (): Promise<void> => {
      const named = (await ours()).filter((one) => one.name.startsWith(name));
      assert.deepEqual(
        named.map(({ id, state: now }) => [id, now]),
        [[containerId, 'running']],
      );
      assert.equal((await upJson(line)).containerId, containerId);
    };
    const failed = await up(['-d', ...line, '--replace', '-e', 'MODE=fail']);
    assert.equal(failed.code, 6, failed.stderr);
    assert.match(failed.stderr, again);
    await only();
    const hanging = start([...line, '--replace', '-e', 'MODE=hang']);
    await hanging.seen('stand-in says hello');
    hanging.child.kill('SIGINT');
    const interrupted = await hanging.ended;
    assert.equal(interrupted.code, 130, interrupted.stderr);
    assert.match(interrupted.stderr, again);
    await only();
    const kept = await up(['-d', ...line, '--replace', '--keep', '-e', 'MODE=fail']);
    const failedName = /(slipway-test-stays-failed-[0-9a-f]{6}) is kept: launch logs \1/.exec(kept.stderr)?.[1] ?? '';
    assert.equal(await state(failedName), 'exited');
    assert.match(kept.stderr, again);
    await docker.containers.remove(failedName);
    await only();
    const next = await upJson([...line, '--replace', '-e', 'DEVICE=next']);
    assert.deepEqual([next.name, next.devices], [name, ['next']]);
    await assert.rejects(docker.containers.inspect(containerId), { code: 'CONTAINER_NOT_FOUND' });
  });

  it('ps shows what runs, and with -a what ended; DEVICE is what the server says, or marked as asked for', async () => {
    const said = await upJson([
      '--variant',
      'cpu',
      '-p',
      nextPort(),
      '--name',
      'slipway-test-says',
      '-e',
      'DEVICE=cuda',
    ]);
    await upJson(['--variant', 'cpu', '--network', 'none', '--name', 'slipway-test-mute']);
    const running = (await runLauncher(['ps']).ended).stdout;
    assert.match(running, /^slipway-test-says +cpu +cuda +running/m);
    assert.match(running, /^slipway-test-mute +cpu +asked: cpu +running/m);
    assert.doesNotMatch(running, /slipway-test-mine/);
    const listed = JSON.parse((await runLauncher(['ps', '-a', '--json']).ended).stdout) as readonly ServerFacts[];
    const byName = (name: string) => listed.find((one) => one.name === name);
    assert.equal(byName('slipway-test-mine')?.state, 'exited');
    assert.deepEqual([byName(said.name)?.device, byName(said.name)?.isMeasured], ['cuda', true]);
    assert.equal((await runLauncher(['start', 'slipway-test-mine']).ended).stdout, 'slipway-test-mine\n');
    assert.equal(await state('slipway-test-mine'), 'running');
    const before = (await docker.containers.inspect('slipway-test-mine')).state.pid;
    assert.equal((await runLauncher(['restart', '-t', '5', 'slipway-test-mine']).ended).code, 0);
    assert.notEqual((await docker.containers.inspect('slipway-test-mine')).state.pid, before);
  });

  it('a container whose engine went before it was ready is named, and the same command takes it up', async (test) => {
    const socket = join(temporaryFolder('engine-'), 'e.sock');
    await openMortalEngine(test, socket, /^POST \/containers\/[0-9a-f]+\/start/);
    const asked = ['-d', '--variant', 'cpu', '--name', 'slipway-test-orphan', '-p', nextPort()];
    const { code, stderr } = await up(['-H', `unix://${socket}`, ...asked]);
    assert.equal(code, 4, stderr);
    assert.match(stderr, /slipway-test-orphan may be left on the engine.*launch rm -f slipway-test-orphan removes it/);
    const [left] = (await ours()).filter(({ name }) => name === 'slipway-test-orphan');
    const { containerId } = await upJson(asked.slice(1));
    assert.equal(containerId, left?.id);
  });
});

/** A socket in front of the engine that takes its leave, and every connection with it, after the first answer to such a request. */
async function openMortalEngine(test: TestContext, socket: string, last: RegExp): Promise<void> {
  const connections = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: '/var/run/docker.sock', allowHalfOpen: true });
    for (const one of [client, engine]) connections.add(one.on('error', () => undefined));
    let isLast = false;
    client.on('data', (part: Buffer) => {
      isLast ||= last.test(part.toString('latin1'));
      engine.write(part);
    });
    engine.on('data', (part: Buffer) => {
      if (isLast) end();
      else client.write(part);
    });
    client.on('end', () => engine.end());
    engine.on('end', () => client.end());
  });
  const end = (): void => {
    server.close();
    for (const one of connections) one.destroy();
  };
  test.after(end);
  server.listen(socket);
  await once(server, 'listening');
}
