import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { BatchingConfig } from '../model/config.js';
import type { RunPlan, Waiting } from './plan.js';
import type { Repeat } from './watch/repeat.js';
import type { InlineRuns, RunOutcome } from '../workers/runner.js';
import type { BatcherOptions, InferResult, QueuedRequest, TracedRun } from './types.js';

/** Places in line; owned by the queue. */
export interface Queued<T> {
  readonly rows: number;
  /** Order of service: lower goes first. */
  readonly rank: number;
  previous: T | undefined;
  next: T | undefined;
}

/** Requests in order of rank, then arrival: a linked list, so that any of them can leave without a search. */
export interface RequestQueue<T> {
  readonly first: T | undefined;
  readonly rows: number;
  add(request: T): void;
  remove(request: T): void;
}

/** An empty queue. Adding costs a look at the ranks in use, removing nothing that grows. */
export function createQueue<T extends Queued<T>>(): RequestQueue<T> {
  /** The last request of each rank in use, ascending by rank. */
  const lasts: T[] = [];
  let first: T | undefined;
  let rows = 0;

  const link = (request: T, after: T | undefined): void => {
    request.previous = after;
    request.next = after === undefined ? first : after.next;
    if (request.next !== undefined) request.next.previous = request;
    if (after === undefined) first = request;
    else after.next = request;
    rows += request.rows;
  };

  return {
    get first() {
      return first;
    },
    get rows() {
      return rows;
    },
    add(request) {
      const at = lasts.findLastIndex(({ rank }) => rank <= request.rank);
      const after = at < 0 ? undefined : lasts[at];
      link(request, after);
      if (after?.rank === request.rank) lasts[at] = request;
      else lasts.splice(at + 1, 0, request);
    },
    remove(request) {
      const { previous, next } = request;
      if (previous === undefined) first = next;
      else previous.next = next;
      if (next !== undefined) next.previous = previous;
      const at = lasts.indexOf(request);
      if (at !== -1) lasts.splice(at, 1, ...(previous?.rank === request.rank ? [previous] : []));
      request.previous = request.next = undefined;
      rows -= request.rows;
    },
  };
}

/** The text that two requests share when their tensors can be put together row by row. */
function groupOf(inputs: NamedTensors): string {
  if (inputs.size === 1) for (const [name, tensor] of inputs) return rowKind(name, tensor);
  const kinds: string[] = []; // Array.from takes three times as long
  for (const [name, tensor] of inputs) kinds.push(rowKind(name, tensor));
  return kinds.sort().join(';');
}

function rowKind(name: string, { datatype, shape }: Tensor): string {
  let text = `${name}:${datatype}`;
  for (let axis = 1; axis < shape.length; axis += 1) text += `,${shape[axis] ?? 0}`;
  return text;
}

/** A request in the queue or in a run, with who waits for its answer. */
export interface Entry extends Waiting<Entry>, Queued<Entry> {
  readonly request: QueuedRequest;
  readonly enqueuedMs: number;
  /** Longest time in the queue; 0: any. */
  readonly limitMs: number;
  dueMs: number;
  next: Entry | undefined;
  /** Back in the queue after a run that failed. */
  readonly isRetry: boolean;
  /** The other requests of that run, where it was shared. */
  readonly repeat: Repeat | undefined;
  readonly resolve: (result: InferResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Numbers the groups of requests that share no run. */
let alone = 0;

/** An entry that starts to wait now. The request's own time limit goes before the model's. */
export function createEntry(
  request: QueuedRequest,
  config: BatchingConfig,
  { enqueuedMs, resolve, reject }: Pick<Entry, 'enqueuedMs' | 'resolve' | 'reject'>,
): Entry {
  const limitMs = request.queueTimeoutMs === 0 ? config.queueTimeoutMs : request.queueTimeoutMs;
  return {
    request,
    group: request.isAlone === true ? `alone ${(alone += 1)}` : config.maxRows > 1 ? groupOf(request.inputs) : '',
    rows: request.rows,
    rank: request.priority === 0 ? Number.POSITIVE_INFINITY : request.priority,
    signal: request.signal,
    limitMs,
    dueMs: enqueuedMs + config.maxDelayMs,
    deadlineMs: limitMs === 0 ? Number.POSITIVE_INFINITY : enqueuedMs + limitMs,
    isRetry: false,
    repeat: undefined,
    previous: undefined,
    next: undefined,
    enqueuedMs,
    resolve,
    reject,
  };
}

/** Rows of a run, padding included; a request that was repeated gets none, and one that runs alone is no batch at all. */
export function rowsToRunOf({ requests: [first], rows, rowsToRun }: RunPlan<Entry>): number {
  if (first?.request.isAlone === true) return 0;
  return first?.isRetry === true ? Math.min(rows, rowsToRun) : rowsToRun;
}

/**
 * Whether a run may happen on this thread now. Never where a request replaces a default, which may load a session first, where it has
 * images to be decoded, nor where it is repeated after a run that failed.
 */
export function mayRunHere({ requests, rowsToRun }: RunPlan<Entry>, inline: Pick<InlineRuns, 'mayRun'>): boolean {
  const [first] = requests;
  if (first === undefined || first.isRetry || first.request.isAlone === true || first.request.hasFiles) return false;
  return inline.mayRun({ inputs: first.request.inputs, rows: rowsToRun, requests: requests.length });
}

/** Whether the client has left. */
export function isAborted({ signal }: Entry): boolean {
  return signal?.aborted === true;
}

/** Whether an entry may have to leave the queue without a run. */
export function canEnd({ signal, deadlineMs }: Entry): boolean {
  return signal !== undefined || deadlineMs !== Number.POSITIVE_INFINITY;
}

/** A run of requests that waited. */
interface EntryRun extends Pick<TracedRun, 'rows' | 'rowsToRun' | 'startedMs'> {
  readonly requests: readonly Entry[];
}

/** Tells of a run that ended, where its requests' traces are wanted; without an outcome it failed. */
export function tellRun({ onTracedRun, clock }: BatcherOptions, run: EntryRun, outcome?: RunOutcome): void {
  if (onTracedRun === undefined) return;
  const { rows, rowsToRun, startedMs } = run;
  const requests = run.requests.map(({ request: { trace }, enqueuedMs }) => ({ trace, enqueuedMs }));
  onTracedRun({
    requests,
    rows,
    rowsToRun,
    startedMs,
    endedMs: clock(),
    timing: outcome?.timing,
    device: outcome?.device,
  });
}
