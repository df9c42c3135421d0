import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { execFile } from 'node:child_process';
import { AppError } from '../../errors.js';
import { limitProgram } from '../../program-limit.js';

/** What a native server's process consumes; only Linux tells. */
export interface ProcessUsage {
  /** Share of one CPU in percent over the last half second. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly threads: number;
}

const intervalMs = 500;
/** Clock ticks a second of /proc's times: 100 on every Linux that Node runs on (sysconf(_SC_CLK_TCK), proc(5)). */
const ticksPerSecond = 100;

/** Measures a process over half a second; undefined where it is gone or this system does not tell. */
export async function measureProcess(pid: number): Promise<ProcessUsage | undefined> {
  const before = await readStat(pid);
  const startedMs = performance.now();
  await wait(intervalMs);
  const after = await readStat(pid);
  if (before === undefined || after === undefined) return undefined;
  const seconds = (performance.now() - startedMs) / 1000;
  const cpuPercent = ((after.ticks - before.ticks) / ticksPerSecond / seconds) * 100;
  return { cpuPercent, memoryBytes: after.residentBytes, threads: after.threads };
}

/** utime, stime and num_threads of /proc/pid/stat; VmRSS of /proc/pid/status. */
async function readStat(pid: number): Promise<{ ticks: number; threads: number; residentBytes: number } | undefined> {
  const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const [stat, status] = await Promise.all([read('stat'), read('status')]);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const residentKib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (residentKib === undefined) return undefined;
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { ticks, threads: Number(fields[17]), residentBytes: Number(residentKib) * 1024 };
}

/** A process that a recycled pid cannot be mistaken for: its number with the moment at which it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; unique to one process of one boot. */
  readonly startedAt: string;
}

/** The identity of a process that runs now, or undefined. A zombie does not run. */
export async function readIdentity(pid: number): Promise<ProcessIdentity | undefined> {
  if (!isSignalable(pid)) return undefined;
  const startedAt = process.platform === 'linux' ? await readLinuxStart(pid) : await askForStart(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** Whether exactly this process still runs. */
export async function isRunning(identity: ProcessIdentity | undefined): Promise<boolean> {
  if (identity === undefined) return false;
  return (await readIdentity(identity.pid))?.startedAt === identity.startedAt;
}

/** Signals exactly this process; answers false when it is gone. */
export async function signalProcess(identity: ProcessIdentity | undefined, signal: NodeJS.Signals): Promise<boolean> {
  if (identity === undefined || !(await isRunning(identity))) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false;
  }
}

function isSignalable(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Boot and start time in clock ticks: fields 3 (state) and 22 (starttime) of /proc/pid/stat, proc(5). */
async function readLinuxStart(pid: number): Promise<string | undefined> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const [stat, boot] = await Promise.all([read(`/proc/${pid}/stat`), read('/proc/sys/kernel/random/boot_id')]);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], fields[19]];
  return ticks === undefined || state === 'Z' || state === 'X' ? undefined : `${boot.trim()}:${ticks}`;
}

/** Start time as the system's own tool prints it. Rejects with REQUEST_FAILED where that does not answer: whether the process runs is not known then. */
async function askForStart(pid: number): Promise<string | undefined> {
  const windows = ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.Ticks`];
  const [program, args] =
    process.platform === 'win32' ? ['powershell', windows] : ['ps', ['-p', String(pid), '-o', 'lstart=']];
  const said = (await askSystem(program, args)).trim();
  return said === '' ? undefined : said;
}

/** How long a tool of the system may take to look at processes. */
const toolLimitMs = 10_000;

/** What a tool of the system prints; nothing where it fails. Rejects with REQUEST_FAILED where it has not ended within the limit. */
export function askSystem(program: string, args: readonly string[], limitMs = toolLimitMs): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 1 << 24 }, (_error, stdout) => {
      stopClock();
      resolve(stdout);
    });
    const stopClock = limitProgram(child, limitMs, () => {
      const text = `'${program}' has not answered within ${limitMs / 1000} s, so it is not known which processes run. Try again; if that does not help, look at what holds it: ${[program, ...args].join(' ')}`;
      reject(new AppError('REQUEST_FAILED', text));
    });
  });
}
