import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { nativeServer } from '../../../src/launch/fleet/native-server.js';
import { openNative } from '../../../src/launch/native/runner.js';
import { askSystem, isRunning, readIdentity, type ProcessIdentity } from '../../../src/launch/native/process.js';
import { writeAtomically, type NativeRequest } from '../../../src/launch/native/state.js';
import { waitForStart } from '../../../src/launch/native/supervisor/wait-for-start.js';

const folder = await mkdtemp(join(tmpdir(), 'slipway-records-'));
const runner = openNative({ env: { ...process.env, SLIPWAY_STATE_DIR: folder }, homeFolder: folder, now: Date.now });

after(async () => {
  for (const { request } of await runner.list()) await runner.remove(request.name, { force: true });
  await rm(folder, { recursive: true, force: true });
});

/** A server that is this piece of JavaScript. */
function requestOf(name: string, script: string): NativeRequest {
  const program = [process.execPath, '-e', script];
  const fixed = { host: '127.0.0.1', port: 0, args: [], env: {}, cwd: folder, config: '', labels: {} };
  return { name, ...fixed, removeOnExit: false, restart: true, program };
}

const endless = 'console.log("up"); setInterval(() => {}, 1000);';

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
}

async function damageBoth(path: (name: string) => string): Promise<void> {
  await writeFile(path('request.json'), '');
  await writeFile(path('state.json'), '');
}

describe('a tool of the system', () => {
  it('is heard, and not waited for beyond its limit, after which nothing is known of processes', async () => {
    assert.equal(await askSystem(process.execPath, ['-e', 'console.log(1)'], 60_000), '1\n');
    assert.equal(await askSystem(join(folder, 'not-there'), []), '');
    await assert.rejects(
      askSystem(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], 200),
      /has not answered within 0\.2 s, so it is not known which processes run/,
    );
  });
});

describe('the record of a native server', () => {
  it('that is garbage or no file is listed and removed, and not started again as something else', async () => {
    const request = { ...requestOf('foreign', endless), program: undefined };
    const supervisor = { pid: process.pid, startedAt: 'before' };
    const places = ['native/foreign/request.json', 'native/foreign/state.json'].map((name) => join(folder, name)) as [
      string,
      string,
    ];
    const known = { status: 'running', supervisor, restarts: 0 };
    const records: readonly (readonly [unknown, unknown, boolean])[] = [
      [{ request: 5, createdAtMs: 1 }, known, true],
      [{ request: { ...request, name: 5 }, createdAtMs: 1 }, known, true],
      [{ request: { ...request, args: [5] }, createdAtMs: 1 }, known, true],
      [{ request, createdAtMs: 'x' }, known, true],
      [{ request, createdAtMs: 1e300 }, known, true],
      ...[null, 5, [], { supervisor: null }, { ...known, supervisor: { pid: 'a', startedAt: '' } }].map(
        (state): [unknown, unknown, boolean] => [{ request, createdAtMs: 1 }, state, false],
      ),
      [{ request, createdAtMs: 1 }, { ...known, startedAtMs: 1e300, server: { pid: 0, startedAt: '' } }, false],
      [{ request, createdAtMs: 1 }, { ...known, status: 'toString', replacement: 5 }, false],
    ];
    for (const [record, state, isUnreadable] of records) {
      await mkdir(join(folder, 'native/foreign'), { recursive: true });
      await writeFile(places[0], JSON.stringify(record));
      await writeFile(places[1], JSON.stringify(state));
      const [found] = (await runner.list()).filter(({ request: { name } }) => name === 'foreign');
      assert.ok(found !== undefined, JSON.stringify(record));
      assert.deepEqual(
        [found.status, found.isUnreadable ?? false],
        ['exited', isUnreadable],
        JSON.stringify([record, state]),
      );
      if (isUnreadable) {
        await assert.rejects(nativeServer(runner, found).start(), /launch rm foreign, then launch it with its flags/);
      }
      await runner.stop('foreign');
      await runner.remove('foreign');
      assert.equal(await runner.find('foreign'), undefined);
    }
    for (const place of places) await mkdir(place, { recursive: true });
    assert.equal((await runner.find('foreign'))?.isUnreadable, true);
    await runner.remove('foreign');
  });

  it('that is garbage, no file or gone leaves no process behind: its supervisor is found, and says it again', async () => {
    const path = (name: string): string => join(folder, 'native/damaged', name);
    const damages: readonly (readonly [string, () => Promise<void>])[] = [
      ['running', () => writeFile(path('state.json'), '{"status": "runn')],
      ['running', () => writeFile(path('state.json'), '')],
      ['running', () => writeFile(path('state.json'), '{"status":"exited","supervisor":{"pid":1},"restarts":0}')],
      ['running', () => rm(path('state.json'))],
      ['unreadable (launch rm -f)', () => writeFile(path('request.json'), '5')],
      ['unreadable (launch rm -f)', () => damageBoth(path)],
      ['running', () => rm(path('state.json')).then(() => makeFolder(join(path('state.json'), 'in-the-way')))],
    ];
    for (const [state, damage] of damages) {
      const { pid = 0 } = await runner.start(requestOf('damaged', endless));
      const { supervisor } = JSON.parse(await readFile(path('state.json'), 'utf8')) as { supervisor: ProcessIdentity };
      await damage();
      const found = await runner.find('damaged');
      assert.ok(found !== undefined);
      assert.equal(nativeServer(runner, found).facts.state, state, String(damage));
      assert.ok(found.pid === undefined || found.pid === pid);
      await assert.rejects(runner.remove('damaged'), /it is running\. Stop it first, or remove it with --force/);
      await assert.rejects(runner.start(requestOf('damaged', endless)), /named damaged is already running/);
      await runner.remove('damaged', { force: true });
      // Its last word comes a moment before its end.
      while ((await isRunning(supervisor)) || (await readIdentity(pid)) !== undefined) await wait(20);
      assert.equal(await runner.find('damaged'), undefined);
    }
  });

  it('may fail to be written: the server is started again nevertheless, and the record follows', async () => {
    const { pid = 0 } = await runner.start(requestOf('unwritten', endless));
    const path = join(folder, 'native/unwritten/state.json');
    await rm(path);
    await mkdir(join(path, 'in-the-way'), { recursive: true });
    process.kill(pid, 'SIGKILL');
    const said = (): Promise<string> => readFile(join(folder, 'native/unwritten/server.log'), 'utf8');
    while (!(await said()).includes('what the server does cannot be written down')) await wait(20);
    await rm(path, { recursive: true });
    let server = await runner.find('unwritten');
    while (server?.restarts !== 1 || server.status !== 'running') {
      await wait(20);
      server = await runner.find('unwritten');
    }
    assert.ok(server.pid !== undefined && server.pid !== pid);
    await runner.remove('unwritten', { force: true });
  });
});

describe('a supervisor that cannot write down that its server runs', () => {
  it('is ended after the limit, with what to do; one that ends by itself at once', async () => {
    const mute = join(folder, 'native/mute');
    await mkdir(mute, { recursive: true });
    await writeAtomically(join(mute, 'request.json'), { request: requestOf('mute', endless), createdAtMs: 1 });
    const supervisor = await readIdentity(process.pid);
    await writeAtomically(join(mute, 'state.json'), { status: 'starting', supervisor, restarts: 0 });
    const signals: unknown[] = [];
    const kill = (signal: unknown): boolean => signals.push(signal) > 0;
    const fix =
      /\n {2}fix: make room on its disk where that is full \(df .*\/native\/mute\), then the same command again$/;
    await assert.rejects(waitForStart(mute, { exitCode: null, signalCode: null, kill }, 20), (thrown: Error) => {
      assert.match(thrown.message, /did not write there within 0\.02 s that its server was started; it was ended\./);
      return fix.test(thrown.message);
    });
    assert.deepEqual(signals, ['SIGTERM']);
    await assert.rejects(waitForStart(mute, { exitCode: 1, signalCode: null, kill }, 60_000), (thrown: Error) => {
      assert.match(thrown.message, /ended at once with exit code 1\./);
      return fix.test(thrown.message);
    });
    await rm(mute, { recursive: true });
  });
});
