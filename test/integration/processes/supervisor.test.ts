import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { send } from '../../support/http.js';
import { sumAndDifference } from '../../support/models.js';
import { folderWith, processCache, urlOf } from '../../support/server-process.js';
import { goodCall, sums } from '../http/cases/case.js';
import { childrenOf, listProcesses, watch, type Watched } from './watched.js';

const pathOf = (name: string) => fileURLToPath(new URL(`../../../../bin/${name}`, import.meta.url));
const { isSupervisorWanted } = createRequire(import.meta.url)(pathOf('supervisor.cjs')) as {
  readonly isSupervisorWanted: (world: object) => boolean;
};
const skip = process.platform === 'win32' ? 'there are no signals' : false;

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-supervisor-'))));
after(() => rm(folder, { recursive: true }));

let scripts = 0;
/** Writes a program that supervises a process that says `up`, with what it is told of its predecessor, and then does what the code says. */
async function writeParent(code: string, graceMs = 60_000): Promise<string> {
  const entry = join(folder, `child-${(scripts += 1)}.cjs`);
  const parent = join(folder, `parent-${scripts}.cjs`);
  await writeFile(entry, `const ended = process.env.SLIPWAY_ENDED; console.log('up', ended ?? 'first');\n${code}`);
  const policy = `{ firstDelayMs: 1, longestDelayMs: 4, mostInARow: 3, graceMs: ${graceMs} }`;
  await writeFile(
    parent,
    `require(${JSON.stringify(pathOf('supervisor.cjs'))}).supervise(${JSON.stringify(entry)}, ${policy});`,
  );
  return parent;
}

async function supervise(
  context: TestContext,
  code: string,
  { args = [], graceMs }: { readonly args?: readonly string[]; readonly graceMs?: number } = {},
): Promise<Watched> {
  return watch(context, [await writeParent(code, graceMs), ...args]);
}

const starts = ({ out }: Watched) => out().match(/^up/gm)?.length ?? 0;

describe('the supervisor', { skip, concurrency: 2 }, () => {
  it('ends with the exit code of its server, whatever it is, and starts nothing again', async (context) => {
    for (const code of [0, 1, 2, 6, 255]) {
      const watched = await supervise(context, `process.exit(${code})`);
      assert.deepEqual(await watched.ended, [code, null]);
      assert.equal(starts(watched), 1);
    }
  });

  it('ends with the exit code that its server named, where a signal had to end that', async (context) => {
    const code = `process.send({ isStopping: true, exitCode: 6 }, () => process.kill(process.pid, 'SIGABRT'));
      setInterval(() => undefined, 1000);`;
    const watched = await supervise(context, code);
    assert.deepEqual(await watched.ended, [6, null]);
    assert.equal(starts(watched), 1);
  });

  it('starts the server again after a fault, with the same arguments, says so in one line, and tells it how the last one ended', async (context) => {
    for (const signal of ['SIGSEGV', 'SIGFPE', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGKILL']) {
      const code = `console.log(process.argv.slice(2).join());
        if (ended === undefined) process.kill(process.pid, '${signal}');
        else process.exit(3);
        setInterval(() => undefined, 1000);`;
      const watched = await supervise(context, code, { args: ['--port', '7'] });
      assert.deepEqual(await watched.ended, [3, null]);
      assert.match(watched.out(), new RegExp(`^up first\n--port,7\nup \\d+:${signal}\n--port,7\n$`));
      assert.match(
        watched.err(),
        new RegExp(`^\\S+ error the server .* started again signal=${signal} .*delayMs=1\n$`),
      );
    }
  });

  it('writes JSON where the server does, and nothing where that is silent', async (context) => {
    for (const log of ['json', 'none']) {
      const code = `if (ended !== undefined) process.exit(0);
        process.send({ log: '${log}' }, () => process.kill(process.pid, 'SIGSEGV'));`;
      const watched = await supervise(context, code);
      assert.deepEqual(await watched.ended, [0, null]);
      if (log === 'none') assert.equal(watched.err(), '');
      else {
        const { level, signal, crashes } = JSON.parse(watched.err()) as Record<string, unknown>;
        assert.deepEqual({ level, signal, crashes }, { level: 'error', signal: 'SIGSEGV', crashes: 1 });
      }
    }
  });

  it('gives up after too many crashes in a row, and ends by the same signal', async (context) => {
    const faults = `process.kill(process.pid, 'SIGFPE'); setInterval(() => undefined, 1000);`;
    const watched = await supervise(context, faults);
    assert.deepEqual(await watched.ended, [null, 'SIGFPE']);
    assert.equal(starts(watched), 4);
    assert.match(watched.err(), /too often in a row: it is not started again signal=SIGFPE/);
  });

  it('passes each signal on once, and lets the server end in its own way', async (context) => {
    const code = `let count = 0;
      process.on('SIGINT', () => { console.log('got', count += 1); if (count === 2) process.exit(42); });
      setInterval(() => undefined, 1000); console.log('listening');`;
    const watched = await supervise(context, code);
    await watched.until('out', /listening/);
    watched.child.kill('SIGINT');
    await watched.until('out', /got 1/);
    watched.child.kill('SIGINT');
    assert.deepEqual(await watched.ended, [42, null]);
    assert.equal(starts(watched), 1);
  });

  it('takes no end for a crash that was asked for, of it or of the server', async (context) => {
    const code = `process.on('SIGTERM', () => process.kill(process.pid, 'SIGKILL'));
      setInterval(() => undefined, 1000); console.log('listening');`;
    const watched = await supervise(context, code);
    await watched.until('out', /listening/);
    watched.child.kill('SIGTERM');
    assert.deepEqual(await watched.ended, [null, 'SIGKILL']);
    const ends = `process.send({ isStopping: true }, () => process.kill(process.pid, 'SIGKILL'))`;
    const told = await supervise(context, ends);
    assert.deepEqual(await told.ended, [null, 'SIGKILL']);
    assert.deepEqual([starts(watched), starts(told)], [1, 1]);
  });

  it('kills a server that hangs when it is to stop, after the time that it named and a grace, and says so in one line', async (context) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const code = `process.on('${signal}', () => { console.log('hangs'); for (;;); });
        setInterval(() => undefined, 1000);
        process.send({ log: 'json', stopMs: 7 }, () => console.log('listening'));`;
      const watched = await supervise(context, code, { graceMs: 100 });
      await watched.until('out', /listening/);
      watched.child.kill(signal);
      assert.deepEqual(await watched.ended, [null, 'SIGKILL']);
      assert.equal(starts(watched), 1);
      const { limitMs, message } = JSON.parse(watched.err()) as Record<string, unknown>;
      assert.deepEqual([limitMs, message], [107, 'the server was told to stop, and has not: it is killed']);
    }
  });

  it('kills a server that hangs after a second signal, however long stopping may take', async (context) => {
    const code = `process.on('SIGTERM', () => { console.log('hangs'); for (;;); });
      setInterval(() => undefined, 1000);
      process.send({ stopMs: 1e8 }, () => console.log('listening'));`;
    const watched = await supervise(context, code, { graceMs: 100 });
    await watched.until('out', /listening/);
    watched.child.kill('SIGTERM');
    await watched.until('out', /hangs/);
    watched.child.kill('SIGTERM');
    assert.deepEqual(await watched.ended, [null, 'SIGKILL']);
    assert.match(watched.err(), /it is killed pid=\d+ limitMs=100\n$/);
  });

  it('wakes a server that was stopped when it is to end, and lets it end in its own way', async (context) => {
    const code = `process.on('SIGTERM', () => process.exit(9)); setInterval(() => undefined, 1000);
      console.log('listening'); process.kill(process.pid, 'SIGSTOP');`;
    const watched = await supervise(context, code);
    await watched.until('out', /listening/);
    // It says so before it stops itself: a signal in between would wake one that has yet to stop.
    const [pid = 0] = await childrenOf(watched.child.pid ?? 0);
    while (!(await listProcesses('stat=', '-p', String(pid))).startsWith('T')) await wait(5);
    watched.child.kill('SIGTERM');
    assert.deepEqual(await watched.ended, [9, null]);
    assert.equal(watched.err(), '');
  });

  it('ends its server where npm was ended, whose shell passes no signal on', async (context) => {
    const code = `process.on('SIGTERM', () => { console.log('drains'); process.exit(0); });
      setInterval(() => undefined, 1000); console.log('listening');`;
    const env = { ...process.env, npm_lifecycle_event: 'start', npm_package_name: 'slipway' };
    const watched = watch(context, ['-c', `'${process.execPath}' '${await writeParent(code)}'; true`], {
      env,
      command: 'sh',
    });
    await watched.until('out', /listening/);
    watched.child.kill('SIGTERM');
    // The streams close when all that share them have ended.
    assert.deepEqual(await watched.ended, [null, 'SIGTERM']);
    assert.match(watched.out(), /drains\n$/);
  });

  it('is not wanted where it is turned off, is there already, or would stand between a debugger and the server', () => {
    const wanted = (argv: readonly string[], env = {}, execArgv: readonly string[] = []) =>
      isSupervisorWanted({ argv: ['node', 'slipway', ...argv], env, execArgv, platform: 'linux', ppid: 4 });
    assert.equal(wanted([]), true);
    assert.equal(wanted(['--supervisor', '--port', '1']), true);
    assert.equal(wanted(['--no-supervisor']), false);
    assert.equal(wanted(['--supervisor', 'no']), false);
    assert.equal(wanted(['--supervisor=off']), false);
    assert.equal(wanted([], { SLIPWAY_SUPERVISOR: 'false' }), false);
    assert.equal(wanted(['--supervisor', 'yes'], { SLIPWAY_SUPERVISOR: 'false' }), true);
    assert.equal(wanted([], { SLIPWAY_SUPERVISED: '4' }), false);
    assert.equal(wanted([], { SLIPWAY_SUPERVISED: '5' }), true);
    assert.equal(wanted([], {}, ['--inspect=0']), false);
  });
});

describe('a server under its supervisor', { skip }, () => {
  const env = { ...process.env, SLIPWAY_CACHE_DIR: processCache };
  const start = async (context: TestContext, ...flags: readonly string[]) => {
    const models = await folderWith(context, {
      name: 'm',
      graph: sumAndDifference,
      config: { batching: { maxRows: 8 } },
    });
    const args = ['--port', '0', '--execution-provider', 'cpu', '--models', models, '--log-format', 'json', ...flags];
    return watch(context, [pathOf('slipway.cjs'), ...args], { env });
  };
  const started = /"url":"http:[^\n]*"message":"started"/;

  it('serves again after it was killed, and drains when its supervisor is told to end', async (context) => {
    const watched = await start(context);
    await watched.until('err', started);
    const [pid = 0] = await childrenOf(watched.child.pid ?? 0);
    process.kill(pid, 'SIGSEGV');
    const [text] = await watched.until('err', /"signal":"SIGSEGV"[^]*"message":"started"/);
    sums(await send(urlOf(text), goodCall));
    watched.child.kill('SIGTERM');
    assert.deepEqual(await watched.ended, [0, null]);
    assert.match(watched.err(), /"message":"stopped"/);
  });

  it('ends with its supervisor where that is killed', async (context) => {
    const watched = await start(context);
    await watched.until('err', started);
    const [pid = 0] = await childrenOf(watched.child.pid ?? 0);
    watched.child.kill('SIGKILL');
    // The streams close when the server, which shares them, has ended too.
    assert.deepEqual(await watched.ended, [null, 'SIGKILL']);
    while (isAlive(pid)) await wait(20);
  });

  it('is its own process with --no-supervisor', async (context) => {
    const watched = await start(context, '--no-supervisor');
    await watched.until('err', started);
    watched.child.kill('SIGKILL');
    assert.deepEqual(await watched.ended, [null, 'SIGKILL']);
    assert.doesNotMatch(watched.err(), /started again/);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
