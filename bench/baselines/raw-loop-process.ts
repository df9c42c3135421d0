// The raw loop's own process: as many threads as set up; an order runs in some of them in the same window, and their runs are added up.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { disableTelemetry } from '../../src/engine/telemetry.js';
import { messageOf } from '../../src/errors.js';
import { mergeHistograms } from '../stats/histogram.js';
import type { FromRaw, RawOrder, RawSetup, RawWindow, ThreadWindow, ToRaw } from './raw-messages.js';

disableTelemetry(process.env);

const tell = (message: FromRaw): void => {
  process.send?.(message);
};
let workers: readonly Worker[] = [];

async function setUp({ threads, spec }: RawSetup): Promise<void> {
  workers = Array.from(
    { length: threads },
    () => new Worker(new URL('./raw-loop-thread.js', import.meta.url), { workerData: spec }),
  );
  const [first] = await Promise.all(workers.map(nextMessage));
  if (first?.kind === 'ready') tell(first);
}

async function runOrder(order: RawOrder): Promise<void> {
  const active = workers.slice(0, order.active);
  const before = process.cpuUsage();
  const answers = active.map(nextMessage);
  for (const worker of active) worker.postMessage(order);
  const windows = (await Promise.all(answers)).flatMap((message) =>
    message.kind === 'window' ? [message.window] : [],
  );
  const { user, system } = process.cpuUsage(before);
  const allRuns = windows.reduce((sum, window) => sum + window.allRuns, 0);
  tell({ kind: 'window', window: { ...addUp(windows), cpuMs: (user + system) / 1000 / allRuns } });
}

async function nextMessage(worker: Worker): Promise<FromRaw<ThreadWindow>> {
  const [message] = (await once(worker, 'message')) as [FromRaw<ThreadWindow>];
  if (message.kind === 'failed') throw new Error(message.message);
  return message;
}

/** Each thread's last run ends a little after the window's: rates add, so the sum of runs is scaled to the mean time. */
function addUp(parts: readonly ThreadWindow[]): Omit<RawWindow, 'cpuMs'> {
  const latencies = mergeHistograms(parts.map((part) => part.latencies));
  return {
    runs: parts.reduce((sum, { runs }) => sum + runs, 0),
    elapsedMs: parts.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0) / parts.length,
    latencies: latencies.toData(),
  };
}

process.on('message', (message: ToRaw) => {
  const work = message.kind === 'setup' ? setUp(message.setup) : runOrder(message.order);
  work.catch((error: unknown) => tell({ kind: 'failed', message: messageOf(error) }));
});
// A thread amid a run would abort an orderly exit.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
