import { Worker, type ResourceLimits } from 'node:worker_threads';
import { AppError, fromPlainError, messageOf } from '../../errors.js';
import type { Done } from './parts.js';
import { goOn, type CodecThreadData, type FromCodec, type ToCodec } from './tasks.js';
import type { PackedTask } from './transfers.js';

/** The thread's next start costs 0.2 s of CPU time where it decodes images. */
const restMs = 10_000;

interface Job {
  readonly resolve: (done: Done) => void;
  readonly reject: (error: unknown) => void;
}

/** What a codec thread is started with. */
export interface CodecThreadOptions {
  /** Its script. */
  readonly entry: URL;
  readonly limits: ResourceLimits;
  readonly data: CodecThreadData;
  /** After how long without a task a thread that holds much memory is ended; 10 s unless told otherwise. */
  readonly restMs?: number | undefined;
  /** Called with the memory of a body that the thread has read. */
  readonly onSpent?: ((buffer: ArrayBuffer) => void) | undefined;
}

/**
 * The main thread's side of one codec thread.
 * - The thread starts with the first task, and again with the first task after it was lost or ended.
 * - It is ended where it holds much memory and has nothing to do: V8 collects what a task left only when the next ones need room.
 * - Losing it rejects the tasks it had with WORKER_LOST, and no others.
 * - It keeps the process alive only while it has tasks.
 */
export class CodecThread {
  readonly #options: CodecThreadOptions;
  readonly #jobs = new Map<number, Job>();
  /** What the thread reads between the items of its task. */
  readonly #order = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | undefined;
  #restTimer: NodeJS.Timeout | undefined;
  #nextJob = 0;

  constructor(options: CodecThreadOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#jobs.size > 0;
  }

  get isStarted(): boolean {
    return this.#worker !== undefined;
  }

  /** Tells the thread whether its task goes on, gives way or stops, where it has several items. */
  tell(order: number): void {
    Atomics.store(this.#order, 0, order);
  }

  /** Does a task there, or part of it; what moves with it may not be used afterwards. */
  run({ task, transfers }: PackedTask): Promise<Done> {
    clearTimeout(this.#restTimer);
    this.tell(goOn);
    const worker = (this.#worker ??= this.#start());
    const job = this.#nextJob++;
    worker.postMessage({ job, task } satisfies ToCodec, transfers);
    worker.ref();
    return new Promise((resolve, reject) => this.#jobs.set(job, { resolve, reject }));
  }

  /** Ends the thread; what it still had is rejected with SHUTTING_DOWN. */
  async close(): Promise<void> {
    clearTimeout(this.#restTimer);
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
    const { entry, limits, data } = this.#options;
    const worker = new Worker(entry, {
      name: 'codec',
      resourceLimits: limits,
      workerData: { ...data, order: this.#order },
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
    if (answer.spent !== undefined) this.#options.onSpent?.(answer.spent);
    if (this.#jobs.size === 0) this.#rest(answer.isHeavy === true);
    if ('error' in answer) job?.reject(fromPlainError(answer.error));
    else job?.resolve(answer);
  }

  #rest(isHeavy: boolean): void {
    const worker = this.#worker;
    worker?.unref();
    if (!isHeavy) return;
    const end = (): void => {
      this.#worker = undefined;
      void worker?.terminate();
    };
    this.#restTimer = setTimeout(end, this.#options.restMs ?? restMs).unref();
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
