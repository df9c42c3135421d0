import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { signalProcess } from '../../../src/launch/native/process.js';
import { openNative } from '../../../src/launch/native/runner.js';
import { readState, type NativeRequest } from '../../../src/launch/native/state.js';
import { temporaryFolder } from '../../support/folder.js';

const skip = process.platform === 'win32' && 'there are no signals';
const folder = temporaryFolder('succession-');
const world = { env: { ...process.env, SLIPWAY_STATE_DIR: folder }, homeFolder: folder };
const runner = openNative({ ...world, now: Date.now });
const folderOf = (name: string): string => join(folder, 'native', name);

after(async () => {
  for (const { request } of await runner.list()) await runner.remove(request.name, { force: true });
});

/** A server that is this piece of JavaScript. */
function requestOf(name: string, script: string): NativeRequest {
  const program = [process.execPath, '-e', `${script}; setInterval(() => {}, 1000);`];
  const fixed = { host: '127.0.0.1', port: 0, args: [], env: {}, cwd: folder, config: '', labels: {} };
  return { name, ...fixed, removeOnExit: false, restart: true, program };
}

async function signalSupervisor(name: string, signal: NodeJS.Signals): Promise<void> {
  assert.equal(await signalProcess((await readState(folderOf(name)))?.supervisor, signal), true);
}

/** The log, up to a line that fits. */
async function logUntil(name: string, pattern: RegExp): Promise<string> {
  let text = '';
  const stop = new AbortController();
  for await (const { data } of runner.logs(name, { follow: true, signal: stop.signal })) {
    text += data.toString();
    if (pattern.test(text)) stop.abort();
  }
  return text;
}

describe('the replacement of a native server', { skip }, () => {
  it('that is called off before its supervisor has read what it is to do does not take place', async () => {
    const { pid } = await runner.start(requestOf('called-off', ''));
    await signalSupervisor('called-off', 'SIGSTOP');
    const options = { timeoutMs: 600_000, signal: AbortSignal.abort() };
    const replaced = runner.replace('called-off', requestOf('called-off', ''), options);
    const order = (): Promise<string> => readFile(join(folderOf('called-off'), 'next.json'), 'utf8').catch(() => '');
    while (!(await order()).includes('"abandon"'));
    await signalSupervisor('called-off', 'SIGCONT');
    assert.deepEqual(await replaced, { kind: 'aborted' });
    assert.equal((await runner.find('called-off'))?.pid, pid);
  });

  it('ends with a reason where its supervisor says nothing, long after the new server was to be ready', async () => {
    let nowMs = 0;
    const late = openNative({ ...world, now: () => (nowMs += 40_000) });
    await late.start(requestOf('silent', ''));
    await signalSupervisor('silent', 'SIGSTOP');
    const options = { timeoutMs: 1000, signal: new AbortController().signal };
    await assert.rejects(late.replace('silent', requestOf('silent', ''), options), {
      code: 'READY_TIMEOUT',
      message: /The supervisor of silent did not say within 91 s .*\n {2}fix: launch logs silent/,
    });
    await signalSupervisor('silent', 'SIGCONT');
  });

  it('kills the old one where that does not end in the time that it named, and says so in the log', async () => {
    const ready = '{ ready: true, state: "ready", reasons: [] }';
    const stays = `process.send({ health: ${ready}, serving: { leavesWithinMs: 1 } });
      process.on('message', () => process.send({ hasLeft: true }))`;
    const { pid } = await runner.start(requestOf('stays', stays));
    const signal = new AbortController().signal;
    assert.equal(await runner.replace('stays', requestOf('stays', stays), { timeoutMs: 600_000, signal }), undefined);
    const log = await logUntil('stays', new RegExp(`process ${pid} has ended`));
    assert.match(log, new RegExp(`process ${pid} did not end within 0\\.001 s: it is killed`));
  });
});
