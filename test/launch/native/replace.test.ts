import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openNative } from '../../../src/launch/native/runner.js';
import type { Launched } from '../../../src/launch/session/outcome.js';
import { runLauncher } from '../../engine/stand-in.js';
import { goodCall } from '../../integration/http/cases/case.js';
import { temporaryFolder } from '../../support/folder.js';
import { findFreePort } from '../../../bench/targets/free-port.js';
import { jsonOf, send } from '../../support/http.js';
import { Load } from './load.js';
import { sumAndDifference } from '../../support/models.js';
import { RawClient } from '../../support/raw-client.js';
import { folderWith } from '../../support/server-process.js';

const skip = process.platform === 'win32' && 'Windows lets a listening socket be in one process alone';
const m = { name: 'm', graph: sumAndDifference };

/** Launches servers of a model without containers; all are removed with the test. */
async function launcherFor(context: TestContext) {
  const [port, grpcPort] = [await findFreePort(), await findFreePort()];
  const folder = temporaryFolder('replace-');
  const env = { SLIPWAY_STATE_DIR: folder, DOCKER_HOST: 'unix:///nowhere/docker.sock', SLIPWAY_CACHE_DIR: folder };
  const models = await folderWith(context, m);
  const run = (...args: readonly string[]) => runLauncher(args, env).ended;
  const up = (flags: readonly string[], ...serverArgs: readonly string[]) => {
    const place = flags.includes('-p') ? [] : ['-p', `${port}:8000`];
    const fixed = ['-d', '--json', '--variant', 'native', ...place];
    const own = ['--models', models, '--grpc-port', String(grpcPort), ...serverArgs];
    return run(...fixed, ...flags, '--', ...own);
  };
  const runner = openNative({ env: { ...process.env, ...env }, homeFolder: folder, now: Date.now });
  context.after(async () => {
    for (const { request } of await runner.list()) await runner.remove(request.name, { force: true });
  });
  /** Follows a server's log until it says something. */
  const hears = async (name: string, pattern: RegExp): Promise<void> => {
    const signal = new AbortController();
    for await (const { data } of runner.logs(name, { follow: true, signal: signal.signal })) {
      if (pattern.test(data.toString())) signal.abort();
    }
  };
  return { up, run, runner, hears, grpcPort, url: `http://127.0.0.1:${port}` };
}

/** What the server calls itself that takes new connections. */
async function nameOf(url: string): Promise<unknown> {
  return (jsonOf(await send(url, { path: '/v2', headers: { connection: 'close' } })) as { name: unknown }).name;
}

function startLoad(context: TestContext, { url, grpcPort }: { readonly url: string; readonly grpcPort: number }): Load {
  const load = new Load();
  context.after(() => load.end());
  for (const keepAlive of [true, true, false, false]) load.addHttp(url, goodCall, keepAlive);
  for (const keepChannel of [true, false]) load.addGrpc(`127.0.0.1:${grpcPort}`, keepChannel);
  return load;
}

const allAnswered = ['channel: OK', 'kept: 200', 'new channel: OK', 'new: 200'];

describe('a server without a container', { skip }, () => {
  it('is replaced by one of its name and by one of another, without one failed request of new and of kept connections', async (context) => {
    const launcher = await launcherFor(context);
    const first = await launcher.up(['--name', 'one'], '--headers-timeout', '10m', '--request-timeout', '10m');
    assert.equal(first.code, 0, first.stderr);
    const silent = Array.from({ length: 8 }, () => new RawClient(launcher.url));
    await Promise.all(silent.map(({ socket }) => once(socket, 'connect')));
    const load = startLoad(context, launcher);
    await load.more(50);
    for (const name of ['one', 'two']) {
      const next = await launcher.up(['--name', name, '--replace'], '--server-name', `after-${name}`);
      assert.equal(next.code, 0, next.stderr);
      assert.match(next.stderr, /one keeps running until the new server is ready; both use memory until then/);
      const launched = JSON.parse(next.stdout) as Launched;
      assert.deepEqual([launched.name, launched.isReused], [name, false]);
      assert.equal(await nameOf(launcher.url), `after-${name}`);
      await load.more(50);
    }
    const counts = await load.end();
    assert.deepEqual(counts.kinds, allAnswered);
    context.diagnostic(`${counts.total} calls`);
    // Connections of the first server's time on which nothing was sent until it was replaced.
    for (const client of silent) {
      await client.write(`GET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const { status, head, body } = await client.read();
      assert.equal(status, 200);
      assert.match(head, /^connection: close$/im);
      assert.doesNotMatch(body.toString(), /after-/);
    }
    assert.equal(await launcher.runner.find('one'), undefined);
    const { stderr: log } = await launcher.run('logs', 'two');
    assert.equal(log.match(/process \d+ has taken the place of process \d+, which finishes its requests/g)?.length, 2);
  });

  it('goes on where the one that is to replace it does not become ready, and the answer says why and what to do', async (context) => {
    const launcher = await launcherFor(context);
    const { code, stderr } = await launcher.up(['--name', 'one'], '--server-name', 'first');
    assert.equal(code, 0, stderr);
    const load = startLoad(context, launcher);
    const broken = await folderWith(context, m);
    await mkdir(join(broken, 'cut', '1'), { recursive: true });
    await writeFile(join(broken, 'cut', '1', 'model.onnx'), 'not a model');
    const goesOn = /\n {2}one continues to serve as before\./;
    for (const [flags, serverArgs, text] of [
      [[], ['--no-such-flag'], /The new server ended with exit code 2 before it was ready/],
      [[], ['--models', broken], /The new server runs, but will never be ready\.\n {2}reason: .*'cut'/],
      [[], ['--models', join(broken, 'nowhere')], /The new server ended with exit code 4 before it was ready/],
      [['--timeout', '1ms'], [], /The new server was not ready after 0\.001 s/],
    ] as const) {
      const refused = await launcher.up(['--name', 'one', '--replace', ...flags], ...serverArgs);
      assert.equal(refused.code, 6, refused.stderr);
      assert.match(refused.stderr, text);
      assert.match(refused.stderr, goesOn);
      assert.match(refused.stderr, /\n {2}fix: /);
      assert.equal(await nameOf(launcher.url), 'first');
    }
    assert.deepEqual((await load.end()).kinds, allAnswered);
    const { stderr: log } = await launcher.run('logs', 'one');
    assert.deepEqual(
      [...log.matchAll(/process \d+ did not become ready \(([^:)]+).*\); process \d+ goes on/g)].map(([, why]) => why),
      ['it ended with exit code 2', 'it never will', 'it ended with exit code 4', 'its time is over'],
    );
  });

  it('that has a broken model is replaced by one that has it too', async (context) => {
    const launcher = await launcherFor(context);
    const broken = await folderWith(context, m);
    await mkdir(join(broken, 'cut', '1'), { recursive: true });
    await writeFile(join(broken, 'cut', '1', 'model.onnx'), 'not a model');
    for (const flags of [[], ['--replace']]) {
      const { code, stderr } = await launcher.up(['--name', 'one', ...flags], '--models', broken);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /cut/);
    }
  });

  it('moves to another port, and says where requests are refused meanwhile', async (context) => {
    const launcher = await launcherFor(context);
    await launcher.up(['--name', 'one']);
    const port = await findFreePort();
    const moved = await launcher.up(['--name', 'one', '--replace', '-p', `${port}:8000`], '--server-name', 'moved');
    assert.equal(moved.code, 0, moved.stderr);
    assert.equal(await nameOf(`http://127.0.0.1:${port}`), 'moved');
    await assert.rejects(nameOf(launcher.url), { code: 'ECONNREFUSED' });
    const wider = await launcher.up(['--name', 'one', '--replace', '-p', `0.0.0.0:${port}:8000`]);
    assert.equal(wider.code, 0, wider.stderr);
    assert.match(
      wider.stderr,
      new RegExp(
        `removed one: requests are refused until the new server is ready, since 127.0.0.1 and 0.0.0.0 cannot both be listened on at port ${port}`,
      ),
    );
  });

  it('that is stopped while another one starts in its place ends with that', async (context) => {
    const launcher = await launcherFor(context);
    await launcher.up(['--name', 'one']);
    // The models of the other one never come.
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    context.after(() => silent.close());
    const models = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/m.onnx`;
    const next = launcher.up(['--name', 'one', '--replace'], '--models', models);
    await launcher.hears('one', /starts beside process/);
    assert.match((await launcher.run('ps')).stdout, /^one .* replacing /m);
    const stopped = await launcher.run('stop', 'one');
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.notEqual((await next).code, 0);
    await assert.rejects(nameOf(launcher.url), { code: 'ECONNREFUSED' });
    assert.equal((await launcher.run('rm', 'one')).code, 0);
  });

  it('that crashes is started again while new connections wait, and none of them is refused', async (context) => {
    const launcher = await launcherFor(context);
    await launcher.up(['--name', 'one'], '--server-name', 'again');
    assert.equal((await launcher.run('kill', 'one')).code, 0);
    const asked = await Promise.all(Array.from({ length: 20 }, () => nameOf(launcher.url)));
    assert.deepEqual([...new Set(asked)], ['again']);
    const { stderr: log } = await launcher.run('logs', 'one');
    assert.match(log, /the server ended with signal SIGKILL; starting it again in 0\.5 s; connections wait meanwhile/);
  });
});
