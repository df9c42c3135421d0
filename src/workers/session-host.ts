import type { Engine, EngineSession, SessionSpec } from '../engine/engine.js';
import { createProvenSession } from '../engine/placement.js';
import { AppError, toPlainError } from '../errors.js';
import { concatRows, notRows } from '../tensor/rows.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { FromWorker, TensorPairs, ToWorker } from './messages.js';

type RunMessage = Extract<ToWorker, { kind: 'run' }>;

/** The sessions of one worker thread: loads, runs and releases them as messages ask, and answers every failure as a message. */
export class SessionHost {
  readonly #engine: Engine;
  readonly #sessions = new Map<number, EngineSession>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The answer to one message; never rejects. */
  async answer(message: Exclude<ToWorker, { kind: 'stop' }>): Promise<FromWorker> {
    try {
      if (message.kind === 'run') return this.#run(message);
      if (message.kind === 'load') return await this.#load(message.session, message.spec);
      await this.#sessions.get(message.session)?.release();
      this.#sessions.delete(message.session);
      return { kind: 'unloaded' };
    } catch (error) {
      return { kind: 'failed', error: toPlainError(error, 'ENGINE_FAILED') };
    }
  }

  async #load(number: number, spec: SessionSpec): Promise<FromWorker> {
    const startedMs = performance.now();
    const { session, placement } = await createProvenSession(this.#engine, spec);
    this.#sessions.set(number, session);
    const { inputs, outputs } = session;
    return { kind: 'loaded', inputs, outputs, placement, loadMs: performance.now() - startedMs };
  }

  #run(message: RunMessage): FromWorker {
    const { session: number, requests, rows, outputs } = message;
    const session = this.#sessions.get(number);
    if (session === undefined) throw new AppError('INTERNAL', `Session ${number} is not loaded in this worker.`);
    const startedMs = performance.now();
    const feeds = mergeFeeds(requests, rows);
    const mergedMs = performance.now();
    const named = session.runNow(feeds, outputs);
    if (isShared(message)) checkRows(named, rows);
    const ranMs = performance.now();
    const pairs = [...named];
    const timing = {
      inputNs: nanoseconds(mergedMs - startedMs),
      computeNs: nanoseconds(ranMs - mergedMs),
      outputNs: nanoseconds(performance.now() - ranMs),
    };
    return { kind: 'ran', outputs: pairs, timing };
  }

  /** Releases every session; the thread may end afterwards. */
  async releaseAll(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }
}

/** Whether a run holds more than the rows of one request, so that each has to be given its own rows of the outputs. */
function isShared({ requests, rows }: RunMessage): boolean {
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
