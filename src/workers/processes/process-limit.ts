import { readdirSync, readFileSync } from 'node:fs';

/** How long processes may take, and who hears where they take longer. */
export interface ProcessLimit {
  readonly limitMs: number;
  readonly onOver: () => void;
  /** Milliseconds; performance.now() unless told otherwise. */
  readonly now?: () => number;
}

/** The shortest time after which a process is looked at again. */
const leastLookMs = 10;

/** Waiting for a CPU makes the limit this many times as long at most: where nobody gets one, the others have to know in the end. */
const mostTimes = 20;

/**
 * Calls `onOver` once what these processes do has taken longer than the limit, unless the function that is answered is called before. Time that
 * they waited for a CPU does not count, where the system tells it (Linux): a machine that is busy makes nothing late, up to `mostTimes` the
 * limit. What they sent while this process was busy is read first.
 */
export function limitProcesses(
  pids: readonly number[],
  { limitMs, onOver, now = () => performance.now() }: ProcessLimit,
): () => void {
  const readers = pids.map(startWaitClock);
  const startedMs = now();
  let timer: NodeJS.Timeout;
  let last: NodeJS.Immediate | undefined;
  const look = (): void => {
    const passedMs = now() - startedMs;
    const waitedMs = Math.max(0, ...readers.map((read) => read()));
    const leftMs = Math.min(limitMs + waitedMs, mostTimes * limitMs) - passedMs;
    if (leftMs > 0) timer = setTimeout(look, Math.max(leastLookMs, leftMs));
    else last = setImmediate(onOver);
  };
  timer = setTimeout(look, limitMs);
  return () => {
    clearTimeout(timer);
    clearImmediate(last);
  };
}

/** Starts to measure a process; answers for how many milliseconds since the thread that waited longest was ready to run and had no CPU. */
function startWaitClock(pid: number): () => number {
  const before = readWaits(pid);
  return () => Math.max(0, ...[...readWaits(pid)].map(([thread, ms]) => ms - (before.get(thread) ?? 0)));
}

/** How long each thread has waited for a CPU so far; nothing where the system does not tell. */
function readWaits(pid: number): ReadonlyMap<string, number> {
  const folder = `/proc/${pid}/task`;
  const waits = new Map<string, number>();
  try {
    for (const thread of readdirSync(folder)) {
      // Nanoseconds on a CPU and nanoseconds in its queue (Linux, Documentation/scheduler/sched-stats.rst).
      const [, waitedNs = '0'] = readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ');
      waits.set(thread, Number(waitedNs) / 1e6);
    }
  } catch {
    // Not Linux; or a thread ended meanwhile, and those read before it have to do.
  }
  return waits;
}
