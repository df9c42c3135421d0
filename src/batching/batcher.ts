import type { AppError } from '../errors.js';
import type { BatchingConfig } from '../model/config.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { NextRun, PendingRun, RunOutcome } from '../workers/runner.js';
import { createAlarm, type Alarm } from './alarm.js';
import { canEnd, createEntry, isAborted, mayRunHere, rowsToRunOf, tellRun, type Entry, createQueue } from './queue.js';
import { isShared, Joining } from './joining.js';
import { mergeRequests, splitOutputs, timingsOf, needsPieces, tryPieces, type PieceRunner } from './merge.js';
import { isOver, padRows, planRun, takeRows, type RunPlan } from './plan.js';
import type { Served } from './watch/recheck.js';
import { createRunRate, createRunCost } from './run-cost.js';
import { clientGone, queueFull, queueTimeout, shuttingDown } from './admission/refusals.js';
import type { Batcher, BatcherOptions, InferResult, QueuedRequest } from './types.js';

/** Clients that left are looked for this often: nobody hears their answers, so there is no hurry. */
const sweepMs = 50;

/** Hint to a refused client before any run was measured. */
const defaultRetryAfterMs = 1000;

/** A batcher for one loaded model version. */
export function createBatcher(options: BatcherOptions): Batcher {
  return new QueueBatcher(options);
}

/** A run on its way. */
interface StartedRun extends RunPlan<Entry> {
  readonly startedMs: number;
  /** What of it is checked once it has been answered. */
  readonly kept: readonly Served[] | undefined;
}

/**
 * - Every entry is answered exactly once: dropped from the queue, or at the end of its last run.
 * - A shared run that fails, or whose outputs cannot be cut, is repeated request by request, once, so that bad data fails its own
 *   request only; where it was the joining that failed, nothing is joined any more. A lone request is repeated, once, only where its
 *   worker was lost (inference has no side effects).
 * - A request of more rows than a run takes is cut into pieces that queue and run like others.
 * - A client's leaving is noticed when its request is taken, when the queue is full, and every `sweepMs`: a listener for
 *   each request would cost more than all else here.
 */
class QueueBatcher implements Batcher {
  readonly #options: BatcherOptions;
  readonly #joining: Joining;
  readonly #queue = createQueue<Entry>();
  readonly #rate = createRunRate();
  readonly #cost = createRunCost();
  readonly #pieces: PieceRunner = { run: (piece) => this.#wait(piece), cost: this.#cost };
  readonly #alarm: Alarm;
  readonly #drainers: (() => void)[] = [];
  isDraining = false;
  #isWakeScheduled = false;
  /** Entries not answered yet, queued or running. */
  #open = 0;
  /** The time for which the alarm rang: timers may be early by a fraction of a millisecond. */
  #rungForMs = 0;

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#joining = new Joining(options);
    this.#alarm = createAlarm(options.clock, (atMs) => {
      this.#rungForMs = atMs;
      this.#sweep();
      this.#wake();
    });
  }

  get queuedRows(): number {
    return this.#queue.rows;
  }

  get config(): BatchingConfig {
    return this.#joining.config;
  }

  enqueue(request: QueuedRequest): Promise<InferResult> {
    const refusal = this.#findRefusal(request);
    if (refusal !== undefined) return Promise.reject(refusal);
    return needsPieces(request, this.config) ? this.#runLarge(request) : this.#wait(request);
  }

  #wait(request: QueuedRequest): Promise<InferResult> {
    return new Promise((resolve, reject) => {
      const enqueuedMs = this.#options.clock();
      const entry = createEntry(request, this.config, { enqueuedMs, resolve, reject });
      this.#open += 1;
      this.#queue.add(entry);
      if (canEnd(entry)) this.#alarm.setBy(Math.min(entry.deadlineMs, enqueuedMs + sweepMs));
      this.#offer();
    });
  }

  /** In pieces, or whole where these fail: then the model does not take the rows of a request apart. */
  async #runLarge(request: QueuedRequest): Promise<InferResult> {
    this.#open += 1;
    try {
      const { result, fault } = await tryPieces(request, this.config, this.#pieces);
      if (result !== undefined && this.config.maxRows > 0) return result;
      const whole = await this.#wait({ ...request, queueTimeoutMs: Number.POSITIVE_INFINITY });
      if (fault !== undefined) this.#joining.stop(fault);
      return whole;
    } finally {
      this.#close();
    }
  }

  readonly next: NextRun = (freeWorkers) => {
    const plan = this.#plan();
    return plan && this.#start(this.#spread(plan, freeWorkers));
  };

  /** What is to run now; what needs no run any more is dropped. */
  #plan(): RunPlan<Entry> | undefined {
    const nowMs = this.#nowMs();
    for (;;) {
      const plan = planRun(this.#queue.first, this.config, nowMs);
      if (plan.kind === 'run') return plan;
      if (plan.kind === 'wait') this.#alarm.setBy(plan.untilMs);
      if (plan.kind !== 'drop') return undefined;
      for (const entry of plan.requests) this.#drop(entry, nowMs);
    }
  }

  drain(): Promise<void> {
    this.isDraining = true;
    this.#joining.watch?.end();
    for (let entry = this.#queue.first; entry !== undefined; entry = entry.next) entry.dueMs = 0;
    this.#options.wake();
    return new Promise((resolve) => {
      this.#drainers.push(resolve);
      this.#endDrain();
    });
  }

  /** Leaves requests of a run to the other free workers, where that answers sooner at a fair price. */
  #spread(plan: RunPlan<Entry>, freeWorkers: number): RunPlan<Entry> {
    const most = Math.min(freeWorkers, plan.requests.length);
    if (most < 2) return plan;
    const config = this.config;
    const waitingRows = this.#queue.rows;
    const parts = this.#cost.spread(waitingRows, most, (rows) => padRows(rows, config));
    const run = takeRows(plan, Math.ceil(waitingRows / parts), config);
    for (const entry of plan.requests.slice(run.requests.length)) entry.dueMs = 0;
    return run;
  }

  #nowMs(): number {
    return Math.max(this.#options.clock(), this.#rungForMs);
  }

  #findRefusal({ rows, signal }: QueuedRequest): AppError | undefined {
    const { model, hasFreeWorker } = this.#options;
    const { maxQueueRows } = this.config;
    if (this.isDraining) return shuttingDown(model);
    if (signal?.aborted === true) return clientGone(model);
    const hasRoom = (): boolean => this.#queue.rows + rows <= maxQueueRows;
    const isAlone = this.#queue.rows === 0 && (hasFreeWorker() || rows > maxQueueRows);
    if (isAlone || hasRoom()) return undefined;
    this.#sweep();
    if (hasRoom()) return undefined;
    return queueFull({ model, rows, queuedRows: this.#queue.rows, maxQueueRows, retryAfterMs: this.#retryAfterMs() });
  }

  /** How long the waiting rows will take. */
  #retryAfterMs(): number {
    return this.#rate.estimateMs(this.#queue.rows) ?? defaultRetryAfterMs;
  }

  /** Requests of one turn of the event loop are offered together, where they may be joined or run here. */
  #offer(): void {
    const { inline } = this.#options;
    if (inline?.arrive() === true) this.#runHere();
    if (this.#queue.first === undefined) return;
    if (this.config.maxRows > 1 || inline?.isOpen === true) this.#wakeLater();
    else this.#wake();
  }

  #wakeLater(): void {
    if (this.#isWakeScheduled) return;
    this.#isWakeScheduled = true;
    setImmediate(() => {
      this.#isWakeScheduled = false;
      this.#wake();
    });
  }

  /** What is cheap runs here; everything else is offered to the workers. */
  #wake(): void {
    this.#runHere();
    if (this.#queue.first !== undefined) this.#options.wake();
  }

  /** One run after the other, as the workers would take them, until one is not cheap or the turn has no time left. */
  #runHere(): void {
    const { inline } = this.#options;
    while (inline?.isOpen === true && this.#queue.first !== undefined) {
      const plan = this.#plan();
      if (plan === undefined || !mayRunHere(plan, inline)) return;
      inline.run(this.#start(plan));
    }
  }

  /** Drops what is over and sets the alarm for the next look. */
  #sweep(): void {
    const nowMs = this.#nowMs();
    let nextMs = nowMs + sweepMs;
    let following: Entry | undefined;
    for (let entry = this.#queue.first; entry !== undefined; entry = following) {
      following = entry.next;
      if (isOver(entry, nowMs)) this.#drop(entry, nowMs);
      else nextMs = Math.min(nextMs, entry.deadlineMs);
    }
    if (this.#queue.first !== undefined) this.#alarm.setBy(nextMs);
  }

  #drop(entry: Entry, nowMs: number): void {
    const { enqueuedMs, limitMs } = entry;
    this.#queue.remove(entry);
    const facts = { model: this.#options.model, waitedMs: nowMs - enqueuedMs, limitMs };
    this.#fail(entry, queueTimeout({ ...facts, retryAfterMs: this.#retryAfterMs() }));
  }

  #start(plan: RunPlan<Entry>): PendingRun {
    const { kind, requests: entries, rows } = plan;
    const shared = { requests: entries, rows, rowsToRun: rowsToRunOf(plan) };
    const kept = isShared(shared) ? this.#joining.watch?.keep(shared) : undefined;
    const run: StartedRun = { kind, ...shared, kept, startedMs: this.#options.clock() };
    for (const entry of plan.requests) this.#queue.remove(entry);
    const requests = plan.requests.map(({ request }) => request);
    return {
      job: mergeRequests(requests, run.rowsToRun),
      resolve: (outcome) => this.#finish(run, outcome),
      reject: (error, inputs) => this.#repeatOrFail(run, error, inputs),
    };
  }

  #finish(run: StartedRun, outcome: RunOutcome): void {
    const { requests: entries, rows, rowsToRun, startedMs } = run;
    const { timing, device } = outcome;
    this.#rate.note({ rows, startedMs, endedMs: this.#options.clock() });
    if (rowsToRun > 0 || this.config.maxRows === 0)
      this.#cost.note(rowsToRun, ((timing.decodeNs ?? 0) + timing.inputNs + timing.computeNs + timing.outputNs) / 1e6);
    this.#options.onRun?.({ rows, rowsToRun, requests: entries.length, timing, device });
    tellRun(this.#options, run, outcome);
    if (run.kept !== undefined) this.#joining.watch?.check(run.kept, rowsToRun, outcome.outputs);
    let from = 0;
    for (const entry of entries) {
      this.#answer(entry, { outcome, run, from });
      from += entry.rows;
    }
  }

  #answer(entry: Entry, { outcome, run, from }: { outcome: RunOutcome; run: StartedRun; from: number }): void {
    if (isAborted(entry)) {
      this.#fail(entry, undefined);
      return;
    }
    try {
      const outputs = splitOutputs(outcome.outputs, entry.request.outputs, {
        from,
        count: entry.rows,
        of: run.rowsToRun,
      });
      const timings = timingsOf(outcome.timing, run.startedMs - entry.enqueuedMs);
      const { device } = outcome;
      entry.resolve({ outputs, timings, device, batchRows: run.rows, batchRequests: run.requests.length });
      this.#joining.noteEnd(entry, true);
      this.#close();
    } catch (error) {
      this.#fail(entry, error);
    }
  }

  /** Called while the pool looks after a failed or lost worker: it is woken when that is done, not from within. */
  #repeatOrFail(run: StartedRun, error: unknown, inputs: readonly NamedTensors[] | undefined): void {
    if (run.kept !== undefined) this.#joining.watch?.drop();
    tellRun(this.#options, run);
    const retries = this.#joining.retriesOf({ ...run, error, inputs });
    for (const [index, entry] of run.requests.entries()) {
      const retry = retries[index];
      if (retry === undefined) this.#fail(entry, error);
      else this.#queue.add(retry);
    }
    if (this.#queue.first !== undefined) this.#wakeLater();
  }

  #fail(entry: Entry, error: unknown): void {
    entry.reject(isAborted(entry) ? clientGone(this.#options.model) : error);
    this.#joining.noteEnd(entry, false);
    this.#close();
  }

  #close(): void {
    this.#open -= 1;
    this.#endDrain();
  }

  #endDrain(): void {
    if (!this.isDraining || this.#open > 0) return;
    this.#alarm.clear();
    for (const resolve of this.#drainers.splice(0)) resolve();
  }
}
