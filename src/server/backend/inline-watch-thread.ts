import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { parentPort, workerData } from 'node:worker_threads';
import type { InlineWatchData, WatchedSession } from './inline-watch.js';

/** The line about it may take as long as this: whatever becomes of it, the process ends. */
const mostTellingMs = 5000;

/** Entry of the thread that watches runs on the HTTP thread. */
function main(port: NonNullable<typeof parentPort>, { cells, limitMs, log }: InlineWatchData): void {
  const view = new Int32Array(cells);
  const names = new Map<number, string>();
  port.on('message', ({ session, name }: WatchedSession) => names.set(session, name));
  let [seen, sinceMs] = [0, performance.now()];
  const timer = setInterval(
    () => {
      const [count, nowMs] = [Atomics.load(view, 0), performance.now()];
      const isRunning = count % 2 !== 0;
      if (!isRunning || count !== seen) [seen, sinceMs] = [count, nowMs];
      else if (nowMs - sinceMs > limitMs) {
        clearInterval(timer);
        void end(names.get(Atomics.load(view, 1)) ?? 'a model', nowMs - sinceMs);
      }
    },
    Math.max(10, limitMs / 4),
  );

  const kill = (): boolean => process.kill(process.pid, 'SIGKILL');

  // What writes the line is loaded for it: most servers never need it.
  const end = async (name: string, runningMs: number): Promise<void> => {
    const what = `a run of ${name} on the HTTP thread has taken ${Math.round(runningMs)} ms, over the limit of ${limitMs} ms`;
    setTimeout(kill, mostTellingMs);
    try {
      const { createLog } = await import('../log/log.js');
      const target = { isTerminal: isatty(2), write: (line: string) => writeSync(2, line) };
      createLog(log, target).fatal({ what }, 'the watchdog ends the process');
    } finally {
      kill();
    }
  };
}

if (parentPort !== null) main(parentPort, workerData as InlineWatchData);
