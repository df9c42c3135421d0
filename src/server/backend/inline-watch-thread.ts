import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { parentPort, workerData } from 'node:worker_threads';
import type { InlineWatchData, WatchedSession } from './inline-watch.js';
import { createLog } from '../log/log.js';

/** Entry of the thread that watches runs on the HTTP thread. */
function main(port: NonNullable<typeof parentPort>, { cells, limitMs, log }: InlineWatchData): void {
  const view = new Int32Array(cells);
  const names = new Map<number, string>();
  port.on('message', ({ session, name }: WatchedSession) => names.set(session, name));
  let [seen, sinceMs] = [0, performance.now()];
  setInterval(
    () => {
      const [count, nowMs] = [Atomics.load(view, 0), performance.now()];
      const isRunning = count % 2 !== 0;
      if (!isRunning || count !== seen) [seen, sinceMs] = [count, nowMs];
      else if (nowMs - sinceMs > limitMs) end(names.get(Atomics.load(view, 1)) ?? 'a model', nowMs - sinceMs);
    },
    Math.max(10, limitMs / 4),
  );

  const end = (name: string, runningMs: number): void => {
    const what = `a run of ${name} on the HTTP thread has taken ${Math.round(runningMs)} ms, over the limit of ${limitMs} ms`;
    createLog(log, { isTerminal: isatty(2), write: (line) => writeSync(2, line) }).fatal(
      { what },
      'the watchdog ends the process',
    );
    process.kill(process.pid, 'SIGKILL');
  };
}

if (parentPort !== null) main(parentPort, workerData as InlineWatchData);
