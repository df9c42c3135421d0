// Starts a server and ends all of its processes when the benchmark that forked this goes away, however it ends.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** Every process of the server inherits this: some leave their group and their parent, and outlive both. */
const mark = `SLIPWAY_BENCH_GUARD=${randomUUID()}`;
const [name = '', value = ''] = mark.split('=');
const [command = '', ...args] = process.argv.slice(2);
const env = { ...process.env, [name]: value };
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env, detached: true });

/** For processes to end that were killed: one that waits for a device cannot. */
const longestEndMs = 5000;

/** Ends those that are there, and again until none has been started meanwhile, and waits for their ends. */
function endAll(): void {
  const ended = new Set(findMarked()); // found before the first is killed: see isRunning
  kill(child.pid === undefined ? undefined : -child.pid);
  for (let left = findMarked(); left.length > 0; left = findMarked()) {
    for (const pid of left) {
      ended.add(pid);
      kill(pid);
    }
  }
  const untilMs = Date.now() + longestEndMs;
  while ([...ended].some(isRunning) && Date.now() < untilMs);
}

/** A process has lost its environment for a moment before it is a zombie. */
function isRunning(pid: number): boolean {
  const status = read(() => readFileSync(`/proc/${pid}/status`, 'latin1'));
  return status !== undefined && !/^State:\s+[ZX]/m.test(status);
}

/** Ended processes have no environment any more. */
function findMarked(): readonly number[] {
  const pids = read(() => readdirSync('/proc')) ?? [];
  return pids.map(Number).filter((pid) => pid > 0 && (environmentOf(pid)?.includes(mark) ?? false));
}

function environmentOf(pid: number): string | undefined {
  return read(() => readFileSync(`/proc/${pid}/environ`, 'latin1'));
}

function kill(pid: number | undefined): void {
  if (pid !== undefined) read(() => process.kill(pid, 'SIGKILL'));
}

/** What is asked of a process may find it gone. */
function read<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

child.once('error', (error) => {
  process.stderr.write(`${command} could not be started: ${error.message}\n`);
  process.exit(1);
});
child.once('exit', (code, by) => {
  endAll();
  process.stderr.write(`ended with ${by ?? `exit code ${code ?? 0}`}\n`);
  process.exit(1);
});
process.once('disconnect', () => {
  endAll();
  process.exit(0);
});
if (child.pid !== undefined) process.send?.(child.pid);
