import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { endChild } from '../../../bench/load/end-child.js';

const start = (program: string) =>
  spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
const untilTold = "process.on('disconnect', () => process.exit(7)); process.send('here');";

describe('the end of a child process', () => {
  it('is its own once its channel is closed', async () => {
    const child = start(untilTold);
    await once(child, 'message');
    await endChild(child);
    assert.equal(child.exitCode, 7);
  });

  it('is nothing to do where it has ended, by itself or by a signal', async () => {
    const child = start('');
    await once(child, 'exit');
    await endChild(child);
    const killed = start(untilTold);
    await once(killed, 'message');
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    await endChild(killed);
    assert.deepEqual([child.exitCode, killed.signalCode], [0, 'SIGKILL']);
  });

  it('is awaited where its channel is closed already', async () => {
    const child = start(untilTold);
    await once(child, 'message');
    child.disconnect();
    await endChild(child);
    assert.equal(child.exitCode, 7);
  });
});
