import { readdir, readFile } from 'node:fs/promises';

/** What `/proc/PID/stat` says of one process. */
export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Clock ticks in user and system mode, with those of children that have ended and were waited for. */
  readonly ticks: number;
}

/** Ticks a second on every Linux that Node.js runs on. */
const ticksPerSecond = 100;

/** Reads one line of `/proc/PID/stat`; the name in parentheses may hold anything. */
export function parseProcessStat(line: string): ProcessTimes | undefined {
  const end = line.lastIndexOf(')');
  const fields = line
    .slice(end + 2)
    .trim()
    .split(' ')
    .map(Number);
  const [, parent, group] = fields;
  if (end < 0 || parent === undefined || group === undefined || fields.length < 15) return undefined;
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
  return { pid: Number.parseInt(line, 10), parent, group, ticks };
}

/** CPU seconds of a process, of all below it and of all in its group. */
export function sumTree(all: readonly ProcessTimes[], root: number): number {
  const members = new Set(all.filter(({ pid, group }) => pid === root || group === root).map(({ pid }) => pid));
  for (let before = -1; before !== members.size;) {
    before = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
  }
  const ticks = all.filter(({ pid }) => members.has(pid)).reduce((sum, process) => sum + process.ticks, 0);
  return ticks / ticksPerSecond;
}

/** CPU seconds that a server has used so far, with all of its processes; undefined where there is no /proc. */
export async function readTreeCpuSeconds(root: number): Promise<number | undefined> {
  const names = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(names.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  const all = lines.map(parseProcessStat).filter((times) => times !== undefined);
  return all.some(({ pid }) => pid === root) ? sumTree(all, root) : undefined;
}
