import type { EngineSession } from '../engine/engine.js';
import { concatRows, notRows } from '../tensor/rows.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { RunJob, RunOutcome } from './runner.js';

const none: NamedTensors = new Map();

/** Puts the requests of a run together, runs them now on this thread, and answers the whole outputs with the time that each part took. */
export function runSession(session: EngineSession, job: RunJob): RunOutcome {
  const { requests, rows, outputs } = job;
  const startedMs = performance.now();
  const feeds = mergeFeeds(requests, rows);
  const mergedMs = performance.now();
  const named = session.runNow(feeds, outputs);
  if (isShared(job)) checkRows(named, rows);
  const ranMs = performance.now();
  const timing = {
    inputNs: nanoseconds(mergedMs - startedMs),
    computeNs: nanoseconds(ranMs - mergedMs),
    outputNs: nanoseconds(performance.now() - ranMs),
  };
  return { outputs: named, timing };
}

/** Whether a run holds more than the rows of one request, so that each has to be given its own rows of the outputs. */
function isShared({ requests: [first, second], rows }: RunJob): boolean {
  return rows > 0 && (second !== undefined || first?.values().next().value?.shape[0] !== rows);
}

function checkRows(outputs: NamedTensors, rows: number): void {
  for (const [name, tensor] of outputs) if (tensor.shape[0] !== rows) throw notRows(name, tensor, rows);
}

function mergeFeeds(requests: readonly NamedTensors[], rows: number): NamedTensors {
  const [first = none] = requests;
  if (rows === 0) return first;
  const feeds = new Map<string, Tensor>();
  for (const name of first.keys()) {
    const column = requests.map((request) => request.get(name) as Tensor);
    feeds.set(name, concatRows(column, rows));
  }
  return feeds;
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
