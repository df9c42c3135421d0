import type { EngineSession } from '../engine/engine.js';
import { concatRows, notRows } from '../tensor/rows.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { RunTiming, TensorPairs, ToWorker } from './messages.js';

/** What a run is made of. */
export type RunParts = Pick<Extract<ToWorker, { kind: 'run' }>, 'requests' | 'rows' | 'outputs'>;

/** Puts the requests of a run together, runs them now on this thread, and answers the whole outputs with the time that each part took. */
export function runSession(
  session: EngineSession,
  parts: RunParts,
): { readonly outputs: TensorPairs; readonly timing: RunTiming } {
  const { requests, rows, outputs } = parts;
  const startedMs = performance.now();
  const feeds = mergeFeeds(requests, rows);
  const mergedMs = performance.now();
  const named = session.runNow(feeds, outputs);
  if (isShared(parts)) checkRows(named, rows);
  const ranMs = performance.now();
  const pairs = [...named];
  const timing = {
    inputNs: nanoseconds(mergedMs - startedMs),
    computeNs: nanoseconds(ranMs - mergedMs),
    outputNs: nanoseconds(performance.now() - ranMs),
  };
  return { outputs: pairs, timing };
}

/** Whether a run holds more than the rows of one request, so that each has to be given its own rows of the outputs. */
function isShared({ requests, rows }: RunParts): boolean {
  return rows > 0 && (requests.length > 1 || requests[0]?.[0]?.[1].shape[0] !== rows);
}

function checkRows(outputs: NamedTensors, rows: number): void {
  for (const [name, tensor] of outputs) if (tensor.shape[0] !== rows) throw notRows(name, tensor, rows);
}

function mergeFeeds(requests: readonly TensorPairs[], rows: number): NamedTensors {
  const [first = []] = requests;
  if (rows === 0) return new Map(first);
  const columns = requests.map((request) => new Map(request));
  return new Map(
    first.map(([name]) => [
      name,
      concatRows(
        columns.map((column) => column.get(name) as Tensor),
        rows,
      ),
    ]),
  );
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
