import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { nativeServer } from '../../../src/launch/fleet/native-server.js';
import { openNative } from '../../../src/launch/native/runner.js';
import { runLaunch } from '../../support/launch-cli.js';

const folder = await mkdtemp(join(tmpdir(), 'slipway-everyday-'));
/** A machine without an engine: nothing listens on this socket. */
const env = {
  SLIPWAY_STATE_DIR: folder,
  DOCKER_HOST: `unix://${folder}/no.sock`,
  DOCKER_CONTEXT: '',
  DOCKER_CONFIG: folder,
};
const runner = openNative({ env: { ...process.env, ...env }, homeFolder: folder, now: Date.now });

before(async () => {
  const script =
    'process.on("SIGUSR2", () => console.error("careful")); console.log("up"); setInterval(() => {}, 1000);';
  await runner.start({
    name: 'web',
    host: '127.0.0.1',
    port: 8017,
    args: [],
    env: {},
    cwd: folder,
    config: '',
    labels: {},
    removeOnExit: false,
    restart: true,
    program: [process.execPath, '-e', script],
  });
  // Of two streams either may be read first: the second line is written once the first is in the log.
  for await (const { data } of runner.logs('web', { follow: true })) {
    if (data.toString() === 'careful\n') break;
    await runner.kill('web', 'SIGUSR2');
  }
});

after(async () => {
  for (const { request } of await runner.list()) await runner.remove(request.name, { force: true });
  await rm(folder, { recursive: true, force: true });
});

const launch = (...args: readonly string[]) => runLaunch(args, { env });

describe('the URL of a native server', () => {
  it('has its scheme, its address in brackets and its base path, from its flags and its variables', async () => {
    const record = await runner.find('web');
    assert.ok(record !== undefined);
    const urlWith = (change: Partial<typeof record.request>) =>
      nativeServer(runner, { ...record, request: { ...record.request, ...change } }).url();
    assert.equal(await urlWith({}), 'http://127.0.0.1:8017');
    assert.equal(
      await urlWith({ args: ['--tls-cert', 'c', '--tls-key=k', '--base-path', '/api'] }),
      'https://127.0.0.1:8017/api',
    );
    const env = { SLIPWAY_TLS_CERT: 'c', SLIPWAY_TLS_KEY: 'k', SLIPWAY_BASE_PATH: '/v' };
    assert.equal(await urlWith({ host: '::1', env }), 'https://[::1]:8017/v');
  });
});

describe('everyday commands on a machine without an engine', () => {
  it('list native servers, and note that no engine answers', async () => {
    const { code, stdout, stderr } = await launch('ps');
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^NAME +VARIANT +DEVICE +STATE +PORTS +UP\nweb +native +asked: auto +running +127\.0\.0\.1:8017->8017 +\d+ s\n$/,
    );
    assert.match(stderr, /No container engine answers/);
    const [server] = JSON.parse((await launch('ps', '--json')).stdout) as { name: string; kind: string }[];
    assert.equal(server?.name, 'web');
    assert.equal(server.kind, 'native');
  });

  it('show logs and details of the only one that runs, without a name', async () => {
    const { stdout, stderr } = await launch('logs');
    assert.equal(stdout, 'up\n');
    assert.equal(stderr, 'careful\n');
    assert.equal(
      (await launch('logs', 'web', '--tail', '1', '--json')).stdout,
      '{"name":"web","stream":"stderr","line":"careful"}\n',
    );
    assert.match((await launch('inspect')).stdout, /^name +web\n/);
    assert.match((await launch('stats')).stdout, /^NAME +CPU.*\nweb +[\d.]+ % +[\d.]+ MB/);
  });

  it('say what there is when a name is wrong, and why a command cannot be', async () => {
    const wrong = await launch('logs', 'wob');
    assert.equal(wrong.code, 8);
    assert.match(wrong.stderr, /There is no server named wob\. Running: web\.\n.*No container engine answers/);
    const exec = await launch('exec', 'web', 'ls', '-l');
    assert.equal(exec.code, 2);
    assert.match(exec.stderr, /web runs without a container/);
    const named = await launch('ps', '-H', `unix://${folder}/other.sock`);
    assert.equal(named.code, 4);
    const images = await launch('images');
    assert.equal(images.code, 4);
    assert.match(images.stderr, /systemctl start docker/);
  });

  it('start it again as it was made, and restart it', async () => {
    const before = await runner.find('web');
    assert.equal((await launch('start', 'web')).stdout, 'web\n');
    assert.equal((await runner.find('web'))?.pid, before?.pid, 'one that runs is left alone');
    const unasked = await launch('restart');
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /: launch restart web\n$/);
    assert.equal((await launch('restart', 'web')).stdout, 'web\n');
    const again = await runner.find('web');
    assert.equal(again?.status, 'running');
    assert.notEqual(again.pid, before?.pid);
    assert.equal((await launch('port', 'web')).stdout, '8017/tcp -> 127.0.0.1:8017\n');
  });

  it('stop it, say what prune would take, and take it only when told to', async () => {
    assert.match((await launch('rm', 'web')).stderr, /is running\. Stop it first/);
    const unasked = await launch('stop', '--time', '5');
    assert.equal(unasked.code, 2, unasked.stderr);
    assert.match(unasked.stderr, /web is the only server that runs, and does not say who .*: launch stop web\n$/);
    const stopped = await launch('stop', 'web', '--time', '5');
    assert.equal(stopped.stdout, 'web\n', stopped.stderr);
    const none = await launch('ps');
    assert.equal(none.stdout, '');
    assert.match(none.stderr, /No server is running; 1 ended: launch ps -a/);
    const unused = await launch('stats');
    assert.equal(unused.stdout, '');
    assert.match(unused.stderr, /No server is running\. Start a server with: launch up/);
    assert.match((await launch('ps', '-a')).stdout, /web .* exited \(143\)/);
    const look = await launch('prune', '--dry-run');
    assert.match(look.stdout, /native +web/);
    const unsure = await launch('prune');
    assert.equal(unsure.code, 2);
    assert.match(unsure.stderr, /no terminal to ask on\. Add --yes/);
    const { stdout } = await launch('prune', '--yes', '--json');
    assert.deepEqual((JSON.parse(stdout) as { removed: object[] }).removed, [
      { kind: 'native', name: 'web', bytes: 0 },
    ]);
    assert.match((await launch('ps')).stderr, /No server is running\. Start a server/);
  });
});
