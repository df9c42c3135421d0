import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LoopChild, type LoopEnd } from '../../../src/server/loops/loop-child.js';

/** A loop whose process runs this text instead of a server. */
function startChild(text: string, execPath = process.execPath) {
  let told: (end: LoopEnd) => void = () => undefined;
  const ended = new Promise<LoopEnd>((resolve) => (told = resolve));
  const child = new LoopChild({
    start: { index: 1, count: 2, parent: process.pid, waits: false, ports: { port: 1 } },
    world: { execPath, execArgv: ['-e', text], argv: [execPath], env: process.env, pid: process.pid } as NodeJS.Process,
    answerMs: 60_000,
    on: { onChange: () => undefined, onAsk: () => undefined, onEnd: (_, end) => told(end) },
  });
  return { child, ended };
}

const change = { what: 'change', change: { action: 'unload', model: 'm' } } as const;
const lost = { ok: false, code: 'WORKER_LOST', message: 'HTTP loop 2 of 2 has ended.', details: {} };

describe('a process with an HTTP loop', () => {
  it('answers what it was asked, and is asked after it has ended, with its end', async () => {
    const { child, ended } = startChild("process.on('message', () => process.exit(7))");
    const asked = child.ask(change);
    assert.deepEqual(await ended, { code: 7, signal: null });
    assert.deepEqual(await asked, lost);
    assert.deepEqual(await child.ask(change), lost);
    assert.deepEqual(await child.ask({ what: 'metrics' }), lost);
  });

  it('has the exit code that it told, though a signal ended it', async () => {
    const { ended } = startChild("process.send({ exitCode: 4 }, () => process.kill(process.pid, 'SIGKILL'))");
    assert.deepEqual(await ended, { code: 4, signal: null });
    const { ended: killed } = startChild("process.kill(process.pid, 'SIGKILL')");
    assert.deepEqual(await killed, { code: 1, signal: 'SIGKILL' });
  });

  it('says why it could not be started', async () => {
    const { child, ended } = startChild('', '/nowhere/node');
    assert.deepEqual(await ended, { code: 1, signal: null, reason: 'spawn /nowhere/node ENOENT' });
    assert.deepEqual(await child.ask(change), lost);
  });
});
