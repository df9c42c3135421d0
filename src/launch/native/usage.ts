import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

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
