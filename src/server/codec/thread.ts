import { Worker, type ResourceLimits } from 'node:worker_threads';
import { AppError, fromPlainError, messageOf } from '../../errors.js';
import type { CodecResult, CodecThreadData, FromCodec, ToCodec } from './tasks.js';
import type { PackedTask } from './transfers.js';

interface Job {
  readonly resolve: (result: CodecResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The main thread's side of one codec thread.
 * - The thread starts with the first task, and again with the first task after it was lost.
 * - Losing it rejects the tasks it had with WORKER_LOST, and no others.
 * - It keeps the process alive only while it has tasks.
 */
export class CodecThread {
  readonly #entry: URL;
  readonly #limits: ResourceLimits;
  readonly #data: CodecThreadData;
  readonly #jobs = new Map<number, Job>();
  #worker: Worker | undefined;
  #nextJob = 0;

  constructor(entry: URL, limits: ResourceLimits, data: CodecThreadData) {
    this.#entry = entry;
    this.#limits = limits;
    this.#data = data;
  }

  get isBusy(): boolean {
    return this.#jobs.size > 0;
  }

  get isStarted(): boolean {
    return this.#worker !== undefined;
  }

  /** Does a task there; what moves with it may not be used afterwards. */
  run({ task, transfers }: PackedTask): Promise<CodecResult> {
    const worker = (this.#worker ??= this.#start());
    const job = this.#nextJob++;
    worker.postMessage({ job, task } satisfies ToCodec, transfers);
    worker.ref();
    return new Promise((resolve, reject) => this.#jobs.set(job, { resolve, reject }));
  }

  /** Ends the thread; what it still had is rejected with SHUTTING_DOWN. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#rejectAll(new AppError('SHUTTING_DOWN', 'The server is shutting down; send the request to another one.'));
    worker?.ref();
    await worker?.terminate();
  }

  /** Gives up the thread and what it had, with WORKER_LOST; the next task starts another one. Resolves when it has ended, which may be never. */
  async replace(reason: string): Promise<void> {
    const worker = this.#worker;
    this.#lose(reason);
    worker?.unref();
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#entry, {
      name: 'codec',
      resourceLimits: this.#limits,
      workerData: this.#data,
    });
    worker.unref();
    worker.on('message', (answer: FromCodec) => {
      if (worker === this.#worker) this.#settle(answer);
    });
    let cause: unknown;
    worker.on('error', (error) => (cause = error));
    worker.on('exit', () => {
      if (worker === this.#worker) this.#lose(cause);
    });
    return worker;
  }

  #settle(answer: FromCodec): void {
    const job = this.#jobs.get(answer.job);
    this.#jobs.delete(answer.job);
    if (this.#jobs.size === 0) this.#worker?.unref();
    if ('result' in answer) job?.resolve(answer.result);
    else job?.reject(fromPlainError(answer.error));
  }

  #lose(cause: unknown): void {
    this.#worker = undefined;
    const reason = cause === undefined ? 'it ended' : messageOf(cause);
    this.#rejectAll(
      new AppError('WORKER_LOST', `The thread that reads and writes large bodies was lost: ${reason}. Try again.`, {
        cause,
      }),
    );
  }

  #rejectAll(error: AppError): void {
    for (const { reject } of this.#jobs.values()) reject(error);
    this.#jobs.clear();
  }
}
