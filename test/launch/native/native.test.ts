import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { deservesRestart } from '../../../src/launch/native/supervisor/generation.js';
import { isRunning, readIdentity, signalProcess } from '../../../src/launch/native/process.js';
import { cleanUp } from '../../../src/launch/native/start-failures.js';
import type { Session } from '../../../src/launch/session/session.js';
import { openNative } from '../../../src/launch/native/runner.js';
import type { NativeRequest } from '../../../src/launch/native/state.js';

const folder = await mkdtemp(join(tmpdir(), 'slipway-native-'));
const runner = openNative({ env: { ...process.env, SLIPWAY_STATE_DIR: folder }, homeFolder: folder, now: Date.now });

after(async () => {
  for (const { request } of await runner.list()) await runner.remove(request.name, { force: true });
  await rm(folder, { recursive: true, force: true });
});

/** A server that is this piece of JavaScript. */
function requestOf(name: string, script: string, change: Partial<NativeRequest> = {}): NativeRequest {
  const program = [process.execPath, '-e', script];
  const fixed = { host: '127.0.0.1', port: 0, args: [], env: {}, cwd: folder, config: '', labels: {} };
  return { name, ...fixed, removeOnExit: false, restart: true, program, ...change };
}

const endless = 'console.log("up"); setInterval(() => {}, 1000);';

/** Lines until one fits; fails the test where the log ends before. */
async function readUntil(name: string, pattern: RegExp): Promise<readonly string[]> {
  const lines: string[] = [];
  const stop = new AbortController();
  for await (const { data } of runner.logs(name, { follow: true, signal: stop.signal })) {
    lines.push(data.toString());
    if (pattern.test(data.toString())) stop.abort();
  }
  assert.match(lines.at(-1) ?? '', pattern);
  return lines;
}

describe('a native server', () => {
  it('runs detached, is listed, and stops by draining', async () => {
    const script = `process.on("SIGTERM", () => { console.log("drained"); process.exit(0); }); ${endless}`;
    const { pid, status } = await runner.start(requestOf('drains', script));
    assert.equal(status, 'running');
    assert.ok(pid !== undefined && (await readIdentity(pid)) !== undefined);
    await readUntil('drains', /up/);
    assert.deepEqual(
      (await runner.list()).map(({ request }) => request.name),
      ['drains'],
    );
    await runner.stop('drains');
    const ended = await runner.find('drains');
    assert.equal(ended?.status, 'exited');
    assert.equal(ended.exitCode, 0);
    assert.deepEqual(await readUntil('drains', /drained/), ['up\n', 'drained\n']);
  });

  it('is killed when it does not drain in time', async () => {
    await runner.start(requestOf('stubborn', `process.on("SIGTERM", () => {}); ${endless}`));
    await readUntil('stubborn', /up/);
    await runner.stop('stubborn', { graceSeconds: 0.1 });
    assert.equal((await runner.find('stubborn'))?.exitCode, 137);
  });

  it('starts again after a crash, a SIGKILL included, and says so in its log', async () => {
    const first = await runner.start(requestOf('crashes', endless));
    await readUntil('crashes', /up/);
    await runner.kill('crashes', 'SIGKILL');
    const lines: string[] = [];
    const stop = new AbortController();
    for await (const { data } of runner.logs('crashes', { follow: true, signal: stop.signal })) {
      lines.push(data.toString());
      if (lines.filter((line) => line === 'up\n').length === 2) stop.abort();
    }
    assert.deepEqual(lines, ['up\n', 'the server ended with signal SIGKILL; starting it again in 0.5 s\n', 'up\n']);
    const again = await runner.find('crashes');
    assert.equal(again?.restarts, 1);
    assert.notEqual(again.pid, first.pid);
    await runner.stop('crashes');
  });

  it('is not started again when it refuses to start, or was told not to', async () => {
    await runner.start(requestOf('refuses', 'console.error("port taken"); process.exit(3)'));
    assert.equal(await runner.wait('refuses'), 3);
    await runner.start(requestOf('once', 'process.exit(1)', { restart: false }));
    assert.equal(await runner.wait('once'), 1);
    assert.equal((await runner.find('once'))?.restarts, 0);
  });

  it('whose port a loop holds that outlived its server says so, with what ends the loop', async () => {
    const said =
      '127.0.0.1 port 8000 is in use by an HTTP loop that outlived its server: end it with kill -KILL 12 13, or choose another port with --port 8001.';
    for (const [name, line, expected] of [
      ['behind-a-loop', said, 'an HTTP loop that outlived its server.\n  fix: -p 8001:8000, or kill -KILL 12 13'],
      ['behind-another', 'port 8000 is in use by another process', 'another program.\n  fix: -p 8001:8000'],
    ] as const) {
      const native = requestOf(name, `console.error(${JSON.stringify(line)}); process.exit(3)`, { port: 8000 });
      await runner.start(native);
      assert.equal(await runner.wait(name), 3);
      const session = { options: { keep: false, timeoutMs: 1000 } } as Session;
      const failure = await cleanUp(session, runner, { native, result: { kind: 'ended', exitCode: 3 } });
      assert.equal(failure.message, `Port 8000 on 127.0.0.1 is taken by ${expected}`);
    }
  });

  it('has one name: a second one is refused while it runs and replaces it afterwards', async () => {
    await runner.start(requestOf('one', endless));
    await assert.rejects(runner.start(requestOf('one', endless)), /named one is already running/);
    await runner.stop('one', { graceSeconds: 0 });
    assert.equal((await runner.start(requestOf('one', endless))).status, 'running');
    await assert.rejects(runner.remove('one'), /is running. Stop it first/);
    await runner.remove('one', { force: true });
    assert.equal(await runner.find('one'), undefined);
    await assert.rejects(runner.start(requestOf('../x', endless)), /is not a valid name/);
  });

  it('that was started by two launchers at once exists once', async () => {
    const outcomes = await Promise.allSettled([
      runner.start(requestOf('race', endless)),
      runner.start(requestOf('race', endless)),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    await runner.remove('race', { force: true });
  });

  it('can still be stopped when its supervisor was killed', async () => {
    await runner.start(requestOf('orphan', endless));
    await readUntil('orphan', /up/);
    const { state } = JSON.parse(`{"state":${await readFile(join(folder, 'native/orphan/state.json'), 'utf8')}}`) as {
      state: { supervisor: { pid: number; startedAt: string } };
    };
    assert.equal(await signalProcess(state.supervisor, 'SIGKILL'), true);
    const server = await runner.find('orphan');
    assert.equal(server?.status, 'running');
    await runner.stop('orphan', { graceSeconds: 5 });
    assert.equal((await runner.find('orphan'))?.status, 'exited');
  });

  it('that never comes up, for its supervisor is killed, ends the start with the signal', async () => {
    const script = join(folder, 'end.cjs');
    await writeFile(script, "process.kill(process.pid, 'SIGKILL');");
    const env = { ...process.env, SLIPWAY_STATE_DIR: folder, NODE_OPTIONS: `--require=${script}` };
    const doomed = openNative({ env, homeFolder: folder, now: Date.now });
    await assert.rejects(doomed.start(requestOf('doomed', endless)), /ended at once with signal SIGKILL/);
    assert.equal((await runner.find('doomed'))?.status, 'exited');
    await runner.remove('doomed');
  });

  it('cannot be kept where its folder cannot be made, and the answer names another way', async () => {
    for (const homeFolder of ['/dev/null', '/proc/self']) {
      const nowhere = openNative({ env: {}, homeFolder, now: Date.now });
      assert.deepEqual(await nowhere.list(), []);
      await assert.rejects(nowhere.start(requestOf('homeless', endless)), {
        code: 'USAGE',
        message: /SLIPWAY_STATE_DIR=/,
      });
    }
  });

  it('whose record was cut short is listed, keeps no other from being found, and can be removed', async () => {
    for (const text of ['', '{"request": {"na', 'null', '[]']) {
      await mkdir(join(folder, 'native/torn'), { recursive: true });
      await writeFile(join(folder, 'native/torn/request.json'), text);
      await writeFile(join(folder, 'native/torn/state.json'), text);
      await writeFile(join(folder, 'native/torn.lock'), text);
      await runner.start(requestOf('beside', endless));
      const names = (await runner.list()).map(({ request }) => request.name);
      assert.deepEqual(
        ['beside', 'torn'].filter((name) => names.includes(name)),
        ['beside', 'torn'],
        text,
      );
      const torn = await runner.find('torn');
      assert.deepEqual([torn?.status, torn?.isUnreadable], ['exited', true]);
      await runner.stop('torn');
      await runner.remove('torn');
      assert.equal(await runner.find('torn'), undefined);
      await runner.start(requestOf('torn', endless));
      for (const name of ['beside', 'torn']) await runner.remove(name, { force: true });
    }
  });

  it('takes its folder with it when asked to, after its last words were read', async () => {
    await runner.start(requestOf('leaves', 'console.log("bye"); process.exit(5)', { removeOnExit: true }));
    assert.equal(await runner.wait('leaves'), 5);
    assert.deepEqual(await readUntil('leaves', /bye/), ['bye\n']);
  });
});

describe('the identity of a process', () => {
  it('is not that of a later process with the same pid', async () => {
    const own = await readIdentity(process.pid);
    assert.ok(own !== undefined && (await isRunning(own)));
    assert.equal(await isRunning({ ...own, startedAt: 'before' }), false);
    assert.equal(await signalProcess({ ...own, startedAt: 'before' }, 'SIGKILL'), false);
    assert.equal(await readIdentity(2 ** 22 + 1), undefined);
  });
});

describe('the restart of a native server', () => {
  it('follows crashes and kills, not drained ends and refusals to start', () => {
    assert.deepEqual(
      [0, 2, 3, 5, 1, 6, 137].map((exitCode) => deservesRestart({ exitCode, signal: null })),
      [false, false, false, false, true, true, true],
    );
    assert.equal(deservesRestart({ exitCode: null, signal: 'SIGKILL' }), true);
  });
});
