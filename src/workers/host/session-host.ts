import type { Engine, EngineSession, SessionSpec } from '../../engine/engine.js';
import { createProvenSession } from '../../engine/placement.js';
import { AppError, toPlainError } from '../../errors.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { FromWorker, TensorPairs, ToWorker } from '../link/messages.js';
import { runSession } from '../run-session.js';

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
    const session = this.#sessions.get(message.session);
    if (session === undefined)
      throw new AppError('INTERNAL', `Session ${message.session} is not loaded in this worker.`);
    const { outputs, timing } = runSession(session, { ...message, requests: message.requests.map(fromPairs) });
    return { kind: 'ran', outputs: [...outputs], timing };
  }

  /** Releases every session; the thread may end afterwards. */
  async releaseAll(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }
}

function fromPairs(pairs: TensorPairs): NamedTensors {
  return new Map(pairs);
}
