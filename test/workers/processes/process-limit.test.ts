import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { limitProcesses } from '../../../src/workers/processes/process-limit.js';

describe('the limit of what a process does', () => {
  it('is passed by the clock, whether it computes, sleeps or is not known to the system', async (context) => {
    for (const pids of [[await start(context, '')], [await start(context, 'for (;;);')], [2 ** 30], []]) {
      await new Promise<void>((onOver) => limitProcesses(pids, { limitMs: 20, onOver }));
    }
  });

  const skip = process.platform !== 'linux' && 'only Linux tells how long threads wait for a CPU';

  it('is not passed in the time for which a process waits for a CPU', { skip }, async (context) => {
    const waits = await startWaiting(context);
    // The clock goes just as fast as it waits, so that it has used up nothing.
    let looks = 0;
    const over: string[] = [];
    const now = () => ((looks += 1), waits.waitedMs());
    const unlimit = limitProcesses([waits.pid], { limitMs: 50, onOver: () => over.push('over'), now });
    while (waits.waitedMs() < 200 || looks < 3) await new Promise(setImmediate);
    unlimit();
    assert.deepEqual(over, []);
  });

  it('is passed after twenty times as long, however long a process waits for a CPU', { skip }, async (context) => {
    const waits = await startWaiting(context);
    let lastMs = 0;
    const now = () => (lastMs = waits.waitedMs());
    await new Promise<void>((onOver) => limitProcesses([waits.pid], { limitMs: 20, onOver, now }));
    assert.ok(lastMs >= 20 * 20, String(lastMs));
  });

  it('is not passed before what came in the meantime is read, where this process was busy', async () => {
    const over: string[] = [];
    const limit = { limitMs: 1, onOver: () => over.push('over') };
    const unlimit = limitProcesses([], limit);
    const read = new Promise<void>((resolve) => {
      setImmediate(() => {
        unlimit();
        resolve();
      });
    });
    const startedMs = performance.now();
    while (performance.now() - startedMs < 20);
    await read;
    await new Promise<void>((onOver) => limitProcesses([], { limitMs: 20, onOver }));
    assert.deepEqual(over, []);
  });

  it('is not passed once what it is for has ended', async (context) => {
    const computes = await start(context, 'for (;;);');
    const over: string[] = [];
    limitProcesses([computes], { limitMs: 1, onOver: () => over.push('over') })();
    await new Promise<void>((onOver) => limitProcesses([computes], { limitMs: 50, onOver }));
    assert.deepEqual(over, []);
  });
});

/** A process that shares a CPU with another, so that each waits while the other runs, and how long it has waited since. */
async function startWaiting(context: TestContext): Promise<{ readonly pid: number; waitedMs(): number }> {
  const [first, second] = [await start(context, 'for (;;);'), await start(context, 'for (;;);')];
  const cpu = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  for (const pid of [first, second]) execFileSync('taskset', ['-a', '-p', '-c', cpu, String(pid)], { stdio: 'ignore' });
  const before = waitedMs(first);
  return { pid: first, waitedMs: () => waitedMs(first) - before };
}

/** How long the main thread of a process has waited for a CPU. */
function waitedMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
}

/** The number of a process that is up, and then does what the code says, or waits. */
async function start(context: TestContext, code: string): Promise<number> {
  const script = `process.stdout.write('up'); setTimeout(() => { ${code} }); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child.pid ?? assert.fail('it was not started');
}
