import { readdirSync, readFileSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readRegularFileSync } from '../../regular-file.js';
import type { RunPhase } from '../../workers/run-journal.js';

/** A process that ended without taking its journal away. */
export interface Crash {
  readonly pid: number;
  /** What its places were doing, or had done in the last two seconds. */
  readonly runs: readonly { readonly phase: RunPhase; readonly subject: string }[];
}

/** Who a process is, wherever its number comes up again. */
interface ProcessMark {
  readonly pid: number;
  readonly started: string;
  readonly host: string;
  readonly boot: string;
  readonly space: string;
}

const suffix = '.journal';

/** Where a new process keeps its journal, and the line that it begins with. */
export function nameJournal(folder: string): { readonly path: string; readonly header: string } {
  const mark = markOf(process.pid);
  const name = `${mark.pid}-${Math.random().toString(36).slice(2, 10)}${suffix}`;
  return { path: join(folder, name), header: JSON.stringify(mark) };
}

/** Takes the journals of processes that are gone out of the folder. Those of another boot of the machine say nothing about models. */
export function takeCrashes(folder: string): readonly Crash[] {
  const own = markOf(process.pid);
  return listJournals(folder).flatMap((path): readonly Crash[] => {
    try {
      const mark = readMark(path);
      if (mark === undefined || !isGone(mark, own)) return [];
      // Of several servers that start now one has it.
      const taken = `${path}.${own.pid}`;
      renameSync(path, taken);
      const [, ...lines] = String(readRegularFileSync(taken)).split('\n');
      rmSync(taken);
      return mark.boot === own.boot ? [{ pid: mark.pid, runs: lines.flatMap(readRun) }] : [];
    } catch {
      return [];
    }
  });
}

function listJournals(folder: string): readonly string[] {
  try {
    return readdirSync(folder).flatMap((name) => (name.endsWith(suffix) ? [join(folder, name)] : []));
  } catch {
    return [];
  }
}

function readMark(path: string): ProcessMark | undefined {
  const [line = ''] = String(readRegularFileSync(path)).split('\n');
  const mark = JSON.parse(line) as Partial<ProcessMark> | null;
  return typeof mark?.pid === 'number' ? (mark as ProcessMark) : undefined;
}

/** A folder may be shared with other machines and containers, of whose processes nothing can be known here. */
function isGone(mark: ProcessMark, own: ProcessMark): boolean {
  if (mark.host !== own.host) return false;
  if (mark.boot !== own.boot || mark.space !== own.space) return true;
  return !isAlive(mark.pid) || markOf(mark.pid).started !== mark.started;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

function markOf(pid: number): ProcessMark {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  // The 22nd field, counted behind the name, which may hold anything: clock ticks from the boot to the start.
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
  return {
    pid,
    started: fields[19] ?? '',
    host: hostname(),
    boot: read('/proc/sys/kernel/random/boot_id').trim(),
    space: readSpace(),
  };
}

/** The space in which process numbers count: a container that is started again has another one. */
function readSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function readRun(line: string): Crash['runs'] {
  const [, phase, subject] = /^(loading|warming|running) (.*?) *$/.exec(line) ?? [];
  return phase === undefined || subject === undefined ? [] : [{ phase: phase as RunPhase, subject }];
}
