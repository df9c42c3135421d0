import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runLaunch } from '../support/launch-cli.js';
import { openTestEngine, shellImage } from './support.js';

const engine = await openTestEngine();
const run = `everyday-${randomUUID().slice(0, 8)}`;
const own = `${run}-own`;
const foreignCount = 30;
const folder = await mkdtemp(join(tmpdir(), 'slipway-everyday-engine-'));
const env = { SLIPWAY_STATE_DIR: folder };
const launch = (...args: readonly string[]) => runLaunch(args, { env });
const main = fileURLToPath(new URL('../../src/launch/main.js', import.meta.url));

/** Runs a command line of the launcher on a terminal of its own, made by script(1). */
function runOnTerminal(args: readonly string[], input: string): Promise<{ code: unknown; output: string }> {
  const line = [process.execPath, main, ...args].join(' ');
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env, TERM: 'xterm' } };
    const child = execFile('script', ['-qec', line, '/dev/null'], options, (error, stdout) => {
      resolve({ code: error?.code ?? 0, output: stdout });
    });
    child.stdin?.write(input);
  });
}

describe('everyday commands among containers of others', { skip: engine.skip }, () => {
  if (engine.docker === undefined) return;
  const { containers } = engine.docker;

  before(async () => {
    const foreign = { Image: shellImage, Cmd: ['true'], Labels: { 'test.run': run } };
    for (let at = 0; at < foreignCount; at += 1) await containers.create(foreign, { name: `${run}-foreign-${at}` });
    const id = await containers.create(
      {
        Image: shellImage,
        Cmd: ['sh', '-c', 'echo ready; exec sleep 600'],
        Labels: { 'test.run': run, 'slipway.managed': 'true', 'slipway.variant': 'cpu', 'slipway.gpu-path': 'cdi' },
        HostConfig: { Init: true },
      },
      { name: own },
    );
    await containers.start(id);
  });

  after(async () => {
    for (const { id } of await containers.list({ all: true, labels: [`test.run=${run}`] })) {
      await containers.remove(id, { force: true });
    }
    await rm(folder, { recursive: true, force: true });
  });

  it('list only what launch started, and everything when told to', async () => {
    const mine = (await launch('ps', '-aq')).stdout.trim().split('\n');
    assert.ok(mine.includes(own) && !mine.some((name) => name.includes('foreign')), mine.join());
    const all = (await launch('ps', '--all', '--foreign', '-q')).stdout.split('\n');
    assert.equal(all.filter((name) => name.startsWith(`${run}-foreign-`)).length, foreignCount);
    assert.match((await launch('ps')).stdout, new RegExp(`${own} +cpu +asked: gpu \\(cdi\\) +running +- +\\d+ s`));
  });

  it('refuse to act on a container of others, and say how to anyway', async () => {
    const commands = [['stop'], ['rm', '-f'], ['kill'], ['logs'], ['inspect']];
    const runs = await Promise.all(commands.map((words) => launch(...words, `${run}-foreign-1`)));
    for (const { code, stderr } of runs) {
      assert.equal(code, 8);
      assert.match(stderr, /launch did not start\. Add --all/);
    }
    assert.equal((await launch('rm', '--all', `${run}-foreign-1`)).code, 0);
    await assert.rejects(containers.inspect(`${run}-foreign-1`), { code: 'CONTAINER_NOT_FOUND' });
  });

  it('act on several at once: what can be done is done, the rest is said', async () => {
    const second = await containers.create(
      { Image: shellImage, Cmd: ['true'], Labels: { 'test.run': run, 'slipway.managed': 'true' } },
      { name: `${run}-ended` },
    );
    const { code, stdout, stderr } = await launch('rm', own, second.slice(0, 12));
    assert.equal(stdout, `${run}-ended\n`);
    assert.equal(code, 125);
    assert.match(stderr, /remove container .*running/);
  });

  it("pass an extra process's output and exit code through", async () => {
    const { code, stdout, stderr } = await launch(
      'exec',
      '-e',
      'A=1',
      own,
      'sh',
      '-c',
      'echo $A; echo bad >&2; exit 7',
    );
    assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: '1\n', stderr: 'bad\n' });
    const piped = await runLaunch(['exec', '-i', own, 'cat'], { env, input: 'typed' });
    assert.equal(piped.stdout, 'typed');
    assert.match((await launch('exec', '-it', own, 'sh')).stderr, /not a terminal, which -t needs/);
  });

  it('open a shell on a terminal, whose keys and exit code get through', async () => {
    const { code, output } = await runOnTerminal(['shell', own], 'tty && echo is-$((40+2)); exit 3\n');
    assert.match(output, /\/dev\/pts\/\d+\s+is-42/);
    assert.equal(code, 3);
  });

  it('stop and prune only what is their own', async () => {
    assert.equal((await launch('stop', '-t', '5', own)).stdout, `${own}\n`);
    const look = await launch('prune', '--dry-run');
    assert.match(look.stdout, new RegExp(`container +${own}`));
    assert.doesNotMatch(look.stdout, /foreign/);
    await launch('rm', own);
    const left = await containers.list({ all: true, labels: [`test.run=${run}`] });
    assert.equal(left.length, foreignCount - 1);
  });
});
