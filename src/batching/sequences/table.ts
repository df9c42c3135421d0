import { createAlarm, type Alarm } from '../alarm.js';
import { queueTimeout, shuttingDown } from '../admission/refusals.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { InferResult, QueuedRequest } from '../types.js';
import { Lines } from './lines.js';
import { afterFailure, notRunning, tooManySequences } from './refusals.js';
import { beginState, bytesToBegin, checkRows, joinState, stateBytes, takeState, type State } from './state.js';
import type { Place, Sequences, SequencesOptions, Step } from './types.js';

/** A sequence that runs. */
interface Kept {
  readonly state: State;
  readonly bytes: number;
  readonly usedMs: number;
}

type Run = (request: QueuedRequest) => Promise<InferResult>;

/** Ended sequences of which is remembered why: for the sentence that their clients get. */
const mostRemembered = 1024;

/**
 * - State is replaced when a run has succeeded, never before: a request that failed may be sent again.
 * - Of a first request that fails nothing stays, so that no later one takes up what was before it.
 * - Those that use none of it are the first of the map: it is in the order of last use.
 */
export class SequenceTable implements Sequences {
  readonly #options: SequencesOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #lines = new Lines();
  readonly #expired = new Set<string>();
  readonly #alarm: Alarm;
  #bytes = 0;
  #closed: string | undefined;

  constructor(options: SequencesOptions) {
    this.#options = options;
    this.#alarm = createAlarm(options.clock, (atMs) => this.#expire(Math.max(atMs, options.clock())));
  }

  get active(): number {
    return this.#kept.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  reserve(id: string): Place {
    return this.#lines.reserve(id);
  }

  async step(
    step: Step & { readonly place?: Place | undefined },
    request: QueuedRequest,
    run: Run,
  ): Promise<InferResult> {
    const place = step.place ?? this.reserve(step.id);
    const cameMs = this.#options.clock();
    let isSuccess = false;
    try {
      if (!(await place.before) && !step.isStart) throw afterFailure(step.id);
      this.#expireLate(step.id, cameMs);
      const result = await this.#runStep(step, this.#withTimeLeft(request, cameMs), run);
      isSuccess = true;
      return result;
    } finally {
      place.leave(isSuccess);
    }
  }

  /** Forgets every sequence; `reason` is what their clients are told. */
  close(reason: string): void {
    this.#closed = reason;
    this.#alarm.clear();
    const count = this.#kept.size;
    for (const id of this.#kept.keys()) this.#forget(id);
    if (count > 0) this.#options.onEvent('dropped', count);
  }

  /** The wait for those before it counts as time in the queue. */
  #withTimeLeft(request: QueuedRequest, cameMs: number): QueuedRequest {
    const { model, queueTimeoutMs, clock } = this.#options;
    const limitMs = request.queueTimeoutMs === 0 ? queueTimeoutMs : request.queueTimeoutMs;
    const waitedMs = clock() - cameMs;
    if (limitMs === 0 || waitedMs === 0) return request;
    if (waitedMs >= limitMs) throw queueTimeout({ model, waitedMs, limitMs, retryAfterMs: waitedMs });
    return { ...request, queueTimeoutMs: limitMs - waitedMs };
  }

  async #runStep(step: Step, request: QueuedRequest, run: Run): Promise<InferResult> {
    const { config, inputs, memory } = this.#options;
    const { state, bytes } = this.#open(step, request);
    try {
      // The copy that the run takes.
      memory.take(bytes);
      const outputs = [...new Set([...request.outputs, ...config.state.map(({ output }) => output)])];
      const result = await run({
        ...request,
        inputs: joinState(inputs, request.inputs, state),
        outputs,
      }).finally(() => memory.give(bytes));
      this.#finish(step, takeState(config, result.outputs));
      return withOutputs(result, request.outputs);
    } catch (error) {
      if (step.isStart) this.#forget(step.id);
      throw error;
    }
  }

  /** The state that a request runs with. */
  #open(step: Step, { inputs }: QueuedRequest): Kept {
    const { model, config, clock, onEvent } = this.#options;
    if (this.#closed !== undefined) {
      throw step.isStart ? shuttingDown(model) : notRunning(step.id, model, this.#closed);
    }
    const kept = this.#kept.get(step.id);
    if (kept !== undefined && !step.isStart) {
      checkRows(step.id, config, { kept: kept.state, given: inputs });
      return kept;
    }
    if (!step.isStart)
      throw notRunning(step.id, model, this.#expired.has(step.id) ? idled(config.maxIdleMs) : undefined);
    if (kept === undefined && this.#kept.size >= config.maxActive) this.#refuse();
    if (kept !== undefined) this.#forget(step.id);
    const begun = this.#keep(step.id, this.#begin(inputs), clock());
    onEvent(kept === undefined ? 'started' : 'restarted', 1);
    return begun;
  }

  /** Memory is asked for before there is any state. */
  #begin(inputs: NamedTensors): State {
    const { config, memory } = this.#options;
    const bytes = bytesToBegin(config, inputs);
    memory.take(bytes);
    try {
      return beginState(config, inputs);
    } finally {
      memory.give(bytes);
    }
  }

  #refuse(): never {
    const { model, config, clock, onEvent } = this.#options;
    onEvent('refused', 1);
    const [oldest] = this.#kept.values();
    const retryAfterMs = Math.max(0, (oldest?.usedMs ?? 0) + config.maxIdleMs - clock());
    throw tooManySequences(model, { maxActive: config.maxActive, retryAfterMs });
  }

  /** Keeps what the run made of the state, or ends the sequence. */
  #finish({ id, isEnd }: Step, state: State): void {
    if (this.#closed !== undefined) return;
    if (!isEnd) {
      this.#keep(id, state, this.#options.clock());
      return;
    }
    this.#forget(id);
    this.#options.onEvent('ended', 1);
  }

  /** Throws where memory has no room; what was kept before stays then. */
  #keep(id: string, state: State, nowMs: number): Kept {
    const { memory, config } = this.#options;
    const kept = { state, bytes: stateBytes(state), usedMs: nowMs };
    const before = this.#kept.get(id)?.bytes ?? 0;
    if (kept.bytes > before) memory.take(kept.bytes - before);
    else memory.give(before - kept.bytes);
    this.#bytes += kept.bytes - before;
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    this.#expired.delete(id);
    this.#alarm.setBy(nowMs + config.maxIdleMs);
    return kept;
  }

  #forget(id: string): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    this.#kept.delete(id);
    this.#bytes -= kept.bytes;
    this.#options.memory.give(kept.bytes);
  }

  /** Ends those that idled too long; those with requests under way do not idle. */
  #expire(nowMs: number): void {
    const { config, onEvent } = this.#options;
    let [count, nextMs] = [0, Number.POSITIVE_INFINITY];
    for (const [id, { usedMs }] of this.#kept) {
      const dueMs = usedMs + config.maxIdleMs;
      if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs);
        break;
      }
      if (this.#lines.isBusy(id)) {
        nextMs = nowMs + config.maxIdleMs;
        continue;
      }
      this.#end(id);
      count += 1;
    }
    if (count > 0) onEvent('expired', count);
    if (nextMs !== Number.POSITIVE_INFINITY) this.#alarm.setBy(nextMs);
  }

  /** Ends one whose next request came too late, while the alarm had yet to ring. */
  #expireLate(id: string, cameMs: number): void {
    const kept = this.#kept.get(id);
    if (kept === undefined || cameMs - kept.usedMs < this.#options.config.maxIdleMs) return;
    this.#end(id);
    this.#options.onEvent('expired', 1);
  }

  /** Ends one that idled, and remembers that. */
  #end(id: string): void {
    this.#forget(id);
    const [oldest] = this.#expired;
    if (this.#expired.size >= mostRemembered && oldest !== undefined) this.#expired.delete(oldest);
    this.#expired.add(id);
  }
}

const idled = (ms: number): string => `it had no request for ${ms} ms (sequences.maxIdleMs), and its state is gone`;

/** The outputs asked for, without state that nobody did. */
function withOutputs(result: InferResult, names: readonly string[]): InferResult {
  if (result.outputs.size === names.length) return result;
  return { ...result, outputs: new Map([...result.outputs].filter(([name]) => names.includes(name))) };
}
