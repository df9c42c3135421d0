/** What planning must know of a request that waits. `next` follows it in the order of service. */
export interface Waiting<T> {
  /** Requests of one group may share a run: same datatype and row shape of every input. */
  readonly group: string;
  readonly rows: number;
  /** When it stops waiting for company, in milliseconds of the clock. */
  readonly dueMs: number;
  /** When its time in the queue is over; Infinity: never. */
  readonly deadlineMs: number;
  /** Its client's; aborted: nobody waits for the answer any more. */
  readonly signal: AbortSignal | undefined;
  readonly next: T | undefined;
}

/** What a run may be composed of. */
export interface PlanLimits {
  /** Most rows in a run; 0: one request a run. */
  readonly maxRows: number;
  /** Row counts to pad to, ascending; empty: no padding. */
  readonly buckets: readonly number[];
}

/** What to do with the queue now. */
export type Plan<T> =
  | { readonly kind: 'idle' }
  /** Nothing is full or due before `untilMs`. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** These are past their deadline or their client has left; plan again without them. */
  | { readonly kind: 'drop'; readonly requests: readonly T[] }
  | RunPlan<T>;

/** Run these together, padded to `rowsToRun`. */
export interface RunPlan<T> {
  readonly kind: 'run';
  readonly requests: readonly T[];
  readonly rows: number;
  readonly rowsToRun: number;
}

/** Requests looked at in one plan: odd shapes between them cannot make planning slow. */
export const lookAhead = 256;

interface Draft<T> {
  readonly requests: T[];
  rows: number;
  dueMs: number;
  isFull: boolean;
}

/** Whether a request needs no run any more. */
export function isOver(request: Waiting<unknown>, nowMs: number): boolean {
  return request.deadlineMs <= nowMs || request.signal?.aborted === true;
}

/** Rows to run for `rows` rows: the smallest bucket that holds them; 0 where the model has no batch dimension. */
export function padRows(rows: number, { maxRows, buckets }: PlanLimits): number {
  if (maxRows === 0) return 0;
  return buckets.find((bucket) => bucket >= rows) ?? rows;
}

/**
 * Decides what runs next, from the first waiting request on. The first group that is full or due is run, and the
 * request that opened it is always in it, so that nothing starves behind others of its priority. Requests are never
 * split; one that does not fit leaves its room to smaller ones behind it.
 */
export function planRun<T extends Waiting<T>>(first: T | undefined, limits: PlanLimits, nowMs: number): Plan<T> {
  const drafts = new Map<string, Draft<T>>();
  const over: T[] = [];
  let leader: Draft<T> | undefined;
  let seen = 0;
  for (let request = first; request !== undefined && seen < lookAhead; request = request.next, seen += 1) {
    if (isOver(request, nowMs)) {
      over.push(request);
      continue;
    }
    let draft = drafts.get(request.group);
    if (draft === undefined) {
      if (leader !== undefined && leader.dueMs <= nowMs) continue;
      draft = { requests: [], rows: 0, dueMs: Number.POSITIVE_INFINITY, isFull: false };
      drafts.set(request.group, draft);
    }
    leader ??= draft;
    join(draft, request, Math.max(1, limits.maxRows));
    if (leader.rows >= limits.maxRows) break;
  }
  if (over.length > 0) return { kind: 'drop', requests: over };
  return choose(drafts.values(), limits, nowMs);
}

/** The run's first requests, as few as have `rows` rows together; the whole run where it has no more. */
export function takeRows<T extends { readonly rows: number }>(
  run: RunPlan<T>,
  rows: number,
  limits: PlanLimits,
): RunPlan<T> {
  let [count, taken] = [0, 0];
  while (count < run.requests.length && taken < rows) taken += run.requests[count++]?.rows ?? 0;
  if (count === run.requests.length) return run;
  return { kind: 'run', requests: run.requests.slice(0, count), rows: taken, rowsToRun: padRows(taken, limits) };
}

function join<T extends Waiting<T>>(draft: Draft<T>, request: T, capacity: number): void {
  draft.dueMs = Math.min(draft.dueMs, request.dueMs);
  if (draft.requests.length === 0 || draft.rows + request.rows <= capacity) {
    draft.requests.push(request);
    draft.rows += request.rows;
    draft.isFull ||= draft.rows >= capacity;
  } else {
    draft.isFull = true;
  }
}

function choose<T>(drafts: Iterable<Draft<T>>, limits: PlanLimits, nowMs: number): Plan<T> {
  let untilMs = Number.POSITIVE_INFINITY;
  for (const { requests, rows, dueMs, isFull } of drafts) {
    if (isFull || dueMs <= nowMs) return { kind: 'run', requests, rows, rowsToRun: padRows(rows, limits) };
    untilMs = Math.min(untilMs, dueMs);
  }
  return untilMs === Number.POSITIVE_INFINITY ? { kind: 'idle' } : { kind: 'wait', untilMs };
}
