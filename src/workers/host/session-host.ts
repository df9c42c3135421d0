import type { Engine, EngineSession } from '../../engine/engine.js';
import { createProvenSession } from '../../engine/placement.js';
import { AppError, toPlainError } from '../../errors.js';
import { releaseTensors } from '../../tensor/release.js';
import type { BytesTensor, NamedTensors, Tensor } from '../../tensor/tensor.js';
import type { FromWorker, ToWorker } from '../link/link.js';
import { runSession } from '../run-session.js';
import { ComparedSession } from './compared-session.js';
import type { FileReader } from './file-reader.js';

type LoadMessage = Extract<ToWorker, { kind: 'load' }>;
type RunMessage = Extract<ToWorker, { kind: 'run' }>;

/** The sessions of one worker thread: loads, runs and releases them as messages ask, and answers every failure as a message. */
export class SessionHost {
  readonly #engine: Engine;
  readonly #mostOutputBytes: number;
  readonly #sessions = new Map<number, Held>();

  constructor(engine: Engine, mostOutputBytes = Infinity) {
    this.#engine = engine;
    this.#mostOutputBytes = mostOutputBytes;
  }

  /** The answer to one message; never rejects. */
  async answer(message: Exclude<ToWorker, { kind: 'stop' }>): Promise<FromWorker> {
    try {
      if (message.kind === 'run') return this.#run(message);
      if (message.kind === 'load') return await this.#load(message);
      await this.#sessions.get(message.session)?.session.release();
      this.#sessions.delete(message.session);
      return { kind: 'unloaded' };
    } catch (error) {
      return { kind: 'failed', error: toPlainError(error, 'ENGINE_FAILED') };
    }
  }

  async #load({ session: number, spec, image, beside }: LoadMessage): Promise<FromWorker> {
    const startedMs = performance.now();
    const serving = beside === undefined ? undefined : this.#find(beside);
    const { session: created, placement } = await createProvenSession(this.#engine, spec);
    const session = serving === undefined ? created : new ComparedSession(serving.session, created);
    // What reads images is a third of a worker's modules, and few models need it.
    const files = serving?.files ?? (image && new (await import('./file-reader.js')).FileReader(image));
    this.#sessions.set(number, files === undefined ? { session } : { session, files });
    const { inputs, outputs } = session;
    return { kind: 'loaded', inputs, outputs, placement, loadMs: performance.now() - startedMs };
  }

  #run(message: RunMessage): FromWorker {
    const { session, files } = this.#find(message.session);
    const given = message.requests.map((pairs) => new Map(pairs));
    const startedMs = performance.now();
    const requests = given.map((inputs) => files?.read(inputs, given.length) ?? inputs);
    const decodeNs = Math.round((performance.now() - startedMs) * 1e6);
    const { outputs, timing } = runSession(session, { ...message, requests });
    refuseTooLarge(outputs, this.#mostOutputBytes);
    return { kind: 'ran', outputs: [...outputs], timing: files === undefined ? timing : { ...timing, decodeNs } };
  }

  #find(number: number): Held {
    const held = this.#sessions.get(number);
    if (held === undefined) throw new AppError('INTERNAL', `Session ${number} is not loaded in this worker.`);
    return held;
  }

  /** Releases every session; the thread may end afterwards. */
  async releaseAll(): Promise<void> {
    for (const { session } of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }
}

/** The outputs of one run as its request's fault, where they are more than can be handed over: freed at once. */
function refuseTooLarge(outputs: NamedTensors, mostBytes: number): void {
  const bytes = mostBytes === Infinity ? 0 : countBytes(outputs.values());
  if (bytes <= mostBytes) return;
  releaseTensors(outputs.values());
  const text = `The model cannot run on these values: its outputs take ${bytes} bytes, and the limit is ${mostBytes}. To fix: request less.`;
  throw new AppError('ENGINE_FAILED', text, { details: { isRequestFault: true } });
}

/** What reading a text costs beside its characters, in bytes of numbers that take as long. */
const textBytes = 1024;

function countTextBytes(texts: BytesTensor['data']): number {
  return texts.reduce((sum, text) => sum + textBytes + 2 * text.length, 0);
}

function countBytes(tensors: Iterable<Tensor>): number {
  let bytes = 0;
  for (const { datatype, data } of tensors) bytes += datatype === 'BYTES' ? countTextBytes(data) : data.byteLength;
  return bytes;
}

/** A session with what reads image files for it. */
interface Held {
  readonly session: EngineSession;
  readonly files?: FileReader;
}
