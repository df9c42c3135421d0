import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { AppError } from '../../src/errors.js';
import type { Launched } from '../../src/launch/session/outcome.js';
import type { ContainerSpec } from '../../src/launch/container/spec-types.js';
import { hostConfigOf, nodeBase, openStandInSuite, readText, runLauncher, standIn } from './stand-in.js';
import { temporaryFolder } from '../support/folder.js';
import { openTestEngine } from './support.js';

const engine = await openTestEngine(nodeBase);

describe('launch on a real engine', { skip: engine.skip, concurrency: false }, () => {
  const docker = engine.docker!;
  const { nextPort, ours, start, up, upJson } = openStandInSuite(docker, 'slipway.test=launch', 18_000);

  it('starts detached with safe defaults, prints where it is, and listens on 127.0.0.1 alone', async () => {
    const publish = nextPort();
    const launched = await upJson(['--variant', 'cpu', '-p', publish]);
    assert.equal(launched.url, `http://127.0.0.1:${publish.split(':')[0] ?? ''}`);
    assert.deepEqual(launched.devices, ['stand-in']);
    assert.match(launched.ip ?? '', /^\d+\.\d+\.\d+\.\d+$/);
    const { id } = await docker.images.inspect(standIn);
    assert.deepEqual(launched.image, { ref: standIn, id });
    const config = hostConfigOf(await docker.containers.inspect(launched.name));
    assert.deepEqual(
      [config.Init, config.AutoRemove, config.RestartPolicy.Name, config.CapDrop, config.SecurityOpt],
      [true, false, 'unless-stopped', ['ALL'], ['no-new-privileges']],
    );
    assert.deepEqual(config.LogConfig, { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } });
    assert.match(await readText(`${launched.url}/proc`), /CapEff:\s0+\n/);
    assert.match(await readText(`${launched.url}/proc`), /NoNewPrivs:\s1/);
    const other = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
    assert.ok(other !== undefined, 'this machine has no second address to try');
    await assert.rejects(
      fetch(`http://${other}:${publish.split(':')[0] ?? ''}/v2`, { signal: AbortSignal.timeout(2000) }),
    );
  });

  it('says of a container that the kernel killed for its memory that this was so', async () => {
    const asked = ['--variant', 'cpu', '-m', '96m', '-p', nextPort(), '-e', 'MODE=eat'];
    for (const args of [['-d', ...asked], asked]) {
      const { code, stderr } = await up(args);
      assert.notEqual(code, 0);
      assert.match(stderr, /ended with exit code 137 before it was ready: the kernel killed it for lack of memory/);
    }
  });

  it('names the server without a container that holds the port', async () => {
    const [port = ''] = nextPort().split(':');
    const name = `slipway-test-native-${process.pid}`;
    const state = { SLIPWAY_STATE_DIR: temporaryFolder('state-') };
    const native = await runLauncher(['-d', '--variant', 'native', '--name', name, '-p', `${port}:8000`], state).ended;
    assert.equal(native.code, 0, native.stderr);
    try {
      const { code, stderr } = await up(['-d', '--variant', 'cpu', '-p', `${port}:8000`], state);
      assert.notEqual(code, 0);
      assert.match(
        stderr,
        new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is taken by ${name}, a server without a container`),
      );
      assert.match(stderr, new RegExp(`fix: .*launch stop ${name}`));
    } finally {
      assert.equal((await runLauncher(['rm', '--force', name], state).ended).code, 0);
    }
  });

  it('reuses what runs with the same options, refuses its name for others, and replaces on request', async () => {
    const publish = nextPort();
    const first = await upJson(['--variant', 'cpu', '--name', 'slipway-test-same', '-p', publish]);
    const second = await upJson(['--variant', 'cpu', '--name', 'slipway-test-same', '-p', publish]);
    assert.equal(second.isReused, true);
    assert.equal(second.containerId, first.containerId);
    const other = await up(['-d', '--variant', 'cpu', '--name', 'slipway-test-same', '-p', publish, '-e', 'A=b']);
    assert.equal(other.code, 125);
    assert.match(other.stderr, /slipway-test-same is already running with other options.*\n.*--replace/);
    const third = await upJson([
      '--variant',
      'cpu',
      '--name',
      'slipway-test-same',
      '-p',
      publish,
      '-e',
      'A=b',
      '--replace',
    ]);
    assert.notEqual(third.containerId, first.containerId);
    await assert.rejects(docker.containers.inspect(first.containerId ?? ''), { code: 'CONTAINER_NOT_FOUND' });
  });

  it('ends at once where the server says that it never will be ready, with the reason whole, and removes it', async () => {
    const before = (await ours()).length;
    for (const [mode, code, text] of [
      [
        'no-gpu',
        3,
        /will never be ready.*\n.*reason: Model 'm' .* libcuda\.so\.1 is not visible here\. To fix: install.*\n.*fix: install the NVIDIA driver/,
      ],
      ['no-model', 6, /will never be ready.*\n.*reason: Model 'm' .*cut short\..*\n.*fix: copy it again/],
    ] as const) {
      const { code: ended, stderr } = await up(['-d', '--variant', 'cpu', '-p', nextPort(), '-e', `MODE=${mode}`]);
      assert.equal(ended, code, stderr);
      assert.match(stderr, text);
    }
    assert.equal((await ours()).length, before);
  });

  it('takes a server of which one model is broken, and names it', async () => {
    const launched = await upJson(['--variant', 'cpu', '-p', nextPort(), '-e', 'MODE=degraded']);
    assert.deepEqual(launched.models, ['n']);
    assert.match(launched.broken[0]?.message ?? '', /^Model 'm' version 1 cannot be loaded: .*cut short/);
  });

  it('makes one container of two launches at once', async () => {
    const args = ['--variant', 'cpu', '-p', nextPort(), '-e', 'TWINS=1'];
    const [one, two] = await Promise.all([upJson(args), upJson(args)]);
    assert.equal(one.containerId, two.containerId);
  });

  it('names who has the port, and leaves nothing behind', async () => {
    const publish = nextPort();
    await upJson(['--variant', 'cpu', '-p', publish, '--name', 'slipway-test-holder']);
    const before = (await ours()).length;
    const taken = await up(['-d', '--variant', 'cpu', '-p', publish, '-e', 'A=1']);
    assert.equal(taken.code, 7);
    assert.match(taken.stderr, /taken by slipway-test-holder \(cpu\)/);
    assert.equal((await ours()).length, before);
    const foreign = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => foreign.once('listening', resolve));
    const address = foreign.address() as { port: number };
    const refused = await up(['-d', '--variant', 'cpu', '-p', `${address.port}:8000`]);
    foreign.close();
    assert.equal(refused.code, 7, refused.stderr);
    assert.match(refused.stderr, /taken by another program.*\n.*fix: -p/);
    assert.equal((await ours()).length, before);
  });

  it('shows the last lines of a server that ends at once, and removes it unless asked', async () => {
    const failing = await up([
      '-d',
      '--variant',
      'cpu',
      '-p',
      nextPort(),
      '-e',
      'MODE=fail',
      '--name',
      'slipway-test-fail',
    ]);
    assert.equal(failing.code, 6);
    assert.match(failing.stderr, /ended with exit code 3/);
    assert.match(failing.stderr, /the stand-in was told to fail/);
    await assert.rejects(docker.containers.inspect('slipway-test-fail'), { code: 'CONTAINER_NOT_FOUND' });
    const foreground = await up(['--variant', 'cpu', '-p', nextPort(), '-e', 'MODE=fail']);
    assert.equal(foreground.code, 6);
    assert.match(foreground.stderr, /told to fail[\s\S]*ended with exit code 3/);
    const kept = await up([
      '-d',
      '--variant',
      'cpu',
      '-p',
      nextPort(),
      '-e',
      'MODE=fail',
      '--name',
      'slipway-test-kept',
      '--keep',
      '--restart',
      'no',
    ]);
    assert.equal(kept.code, 6);
    assert.equal((await docker.containers.inspect('slipway-test-kept')).state.exitCode, 3);
  });

  it('gives up after the time it was given, with the last answer, and leaves nothing behind', async () => {
    const late = await up([
      '-d',
      '--variant',
      'cpu',
      '-p',
      nextPort(),
      '-e',
      'MODE=hang',
      '--timeout',
      '1s',
      '--name',
      'slipway-test-late',
    ]);
    assert.equal(late.code, 6);
    assert.match(late.stderr, /was not ready after 1 s: \S.*\. To wait longer: --timeout 2s/);
    await assert.rejects(docker.containers.inspect('slipway-test-late'), { code: 'CONTAINER_NOT_FOUND' });
  });

  it('follows a foreground server, drains it at the first Ctrl-C, and leaves with its code', async () => {
    const run = start(['--variant', 'cpu', '-p', nextPort(), '--name', 'slipway-test-front']);
    await run.seen('next ');
    run.child.kill('SIGINT');
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /stand-in says hello[\s\S]*url [\s\S]*draining/);
    await assert.rejects(docker.containers.inspect('slipway-test-front'), { code: 'CONTAINER_NOT_FOUND' });
  });

  it('kills a server that does not drain at the second Ctrl-C', async () => {
    const run = start(['--variant', 'cpu', '-p', nextPort(), '-e', 'MODE=stubborn']);
    await run.seen('next ');
    run.child.kill('SIGINT');
    await run.seen('draining');
    run.child.kill('SIGINT');
    assert.equal((await run.ended).code, 137);
  });

  it('removes what it started when interrupted before it was ready', async () => {
    const run = start(['--variant', 'cpu', '-p', nextPort(), '-e', 'MODE=hang', '--name', 'slipway-test-cut']);
    await run.seen('stand-in says hello');
    run.child.kill('SIGINT');
    const { code, stderr } = await run.ended;
    assert.equal(code, 130);
    assert.match(stderr, /Interrupted before slipway-test-cut was ready/);
    await assert.rejects(docker.containers.inspect('slipway-test-cut'), { code: 'CONTAINER_NOT_FOUND' });
  });

  it('leaves a server that goes on when it is killed itself, and finds it again', async () => {
    const args = ['--variant', 'cpu', '-p', nextPort(), '--name', 'slipway-test-orphan'];
    const run = start(args);
    await run.seen('next ');
    run.child.kill('SIGKILL');
    await run.ended;
    const lasting = await up(['-d', ...args]);
    assert.equal(lasting.code, 125);
    assert.match(
      lasting.stderr,
      /slipway-test-orphan is already running .* is removed when the foreground launch .*\n.*--replace/,
    );
    const found = await up(['--json', ...args]);
    assert.equal(found.code, 0, found.stderr);
    const again = JSON.parse(found.stdout) as Launched;
    assert.equal(again.isReused, true);
    assert.match(await readText(`${again.url}/v2`), /stand-in/);
    await docker.containers.stop(again.name);
    await docker.containers.wait(again.name, 'removed').catch((thrown: unknown) => {
      assert.ok(thrown instanceof AppError && thrown.code === 'CONTAINER_NOT_FOUND');
    });
  });

  it('takes the place of a container that a killed launch created but never started', async () => {
    const args = ['--variant', 'cpu', '-p', nextPort(), '--name', 'slipway-test-half'];
    const { stdout } = await up([...args, '--dry-run', '--json']);
    const { container } = JSON.parse(stdout) as { container: ContainerSpec };
    const half = await docker.containers.create(container.body, { name: container.name });
    const launched = await upJson(args);
    assert.notEqual(launched.containerId, half);
    assert.equal(launched.isReused, false);
  });
});
