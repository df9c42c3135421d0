import { setMaxListeners } from 'node:events';
import type { ResourceLimits } from 'node:worker_threads';
import { AppError } from '../../errors.js';
import { clientGone } from '../../batching/admission/refusals.js';
import { limitOf, lineOf, modelOf } from './cost.js';
import { FairLines, type Place } from './lines.js';
import { giveWay, goOn, stop, type CodecResult, type CodecTask, type CodecThreadData } from './tasks.js';
import { CodecThread } from './thread.js';
import { packRest, packTask, type PackedTask } from './transfers.js';

/** How many threads, what each may take, and what each starts with. */
export interface CodecPoolOptions {
  readonly threads: number;
  readonly limits: ResourceLimits;
  readonly data: CodecThreadData;
  /** The thread's script; ours unless told otherwise. */
  readonly entry?: URL;
  readonly restMs?: number;
  /** How long a task may take; `limitOf` unless told otherwise. */
  readonly limitOf?: (task: CodecTask) => number;
  readonly events?: CodecEvents;
  /** Called with the memory of a body that was read. */
  readonly onSpent?: ((buffer: ArrayBuffer) => void) | undefined;
}

/** What happens to codec threads. */
export interface CodecEvents {
  /** A task passed its limit: it failed, and another thread takes over. */
  readonly onStuck?: (event: { readonly task: string; readonly model: string; readonly limitMs: number }) => void;
  /** As many threads as there may be were replaced and do not end, since native code holds them. */
  readonly onLost?: (threads: number) => void;
}

/** A thread that was told to end and runs JavaScript has ended long before. */
const endMs = 10_000;

/** A task of which someone waits for the result. */
interface Job extends Place {
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: CodecResult) => void;
  readonly reject: (error: unknown) => void;
  /** What is left of it. */
  packed: PackedTask;
}

/** Whose task it is. */
export interface CodecRequest {
  /** Of which all tasks share one place among those of others. */
  readonly request: object;
  /** Aborts when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

/**
 * Codec threads and the tasks that wait for one.
 * - A thread has one task at a time; the next goes to whichever becomes free first, so that none waits behind a slow one.
 * - Images and bodies of each model wait in lines of their own, and free threads take from them in turn; in a line requests have turns.
 * - While a request waits that has no thread, tasks of several images give way between two of them, and wait again with what is left.
 * - Of a request that ended nothing is begun any more, and its images are left between two of them.
 * - A task that takes too long fails, and its thread is replaced.
 * - A thread is started when all others are busy, and stays unless it holds much memory.
 */
export class CodecPool {
  readonly #threads: readonly CodecThread[];
  readonly #lines = new FairLines<Job>();
  readonly #running = new Map<CodecThread, Job>();
  readonly #options: CodecPoolOptions;
  /** Threads that were replaced and have not ended yet. */
  #ending = 0;
  #isClosed = false;

  constructor(options: CodecPoolOptions) {
    const { threads, limits, data, restMs, onSpent, entry = new URL('./codec-thread.js', import.meta.url) } = options;
    this.#options = options;
    this.#threads = Array.from({ length: threads }, () => new CodecThread({ entry, limits, data, restMs, onSpent }));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Does a task on a thread; what moves away with it may not be used afterwards. Rejects with WORKER_LOST and SHUTTING_DOWN, and with
   * CLIENT_GONE where its request has ended before.
   */
  run(task: CodecTask, { request = {}, signal }: Partial<CodecRequest> = {}): Promise<CodecResult> {
    if (signal?.aborted === true) return Promise.reject(clientGone(modelOf(task)));
    const packed = packTask(task);
    if (this.#isClosed) return Promise.reject(shuttingDown());
    let giveUp = (): void => undefined;
    const result = new Promise<CodecResult>((resolve, reject) => {
      const job: Job = { line: lineOf(task), request, signal, resolve, reject, packed };
      giveUp = () => this.#giveUp(job);
      this.#lines.add(job);
      this.#feed();
    });
    if (signal === undefined) return result;
    // A request may have as many tasks as images.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', giveUp);
    return result.finally(() => signal.removeEventListener('abort', giveUp));
  }

  /** Ends the threads; what they had and what waited is rejected with SHUTTING_DOWN. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#lines.takeAll()) reject(shuttingDown());
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  /** Nobody waits for it any more. What runs is answered by its thread, so that its memory counts until then. */
  #giveUp(job: Job): void {
    if (this.#lines.drop(job)) job.reject(clientGone(modelOf(job.packed.task)));
    this.#tellThreads();
  }

  #feed(): void {
    for (let thread = this.#free(); thread !== undefined; thread = this.#free()) {
      const job = this.#lines.take();
      if (job === undefined) break;
      void this.#do(thread, job);
    }
    this.#tellThreads();
  }

  #tellThreads(): void {
    const order = this.#lines.hasUnserved ? giveWay : goOn;
    for (const [thread, { signal }] of this.#running) thread.tell(signal?.aborted === true ? stop : order);
  }

  async #do(thread: CodecThread, job: Job): Promise<void> {
    const { task } = job.packed;
    const limitMs = (this.#options.limitOf ?? limitOf)(task);
    const timer = setTimeout(() => this.#replace(thread, task, limitMs), limitMs);
    this.#running.set(thread, job);
    try {
      const done = await thread.run(job.packed);
      if ('result' in done) job.resolve(done.result);
      else this.#goOnLater(job, done.rest);
    } catch (error) {
      job.reject(error);
    }
    clearTimeout(timer);
    this.#running.delete(thread);
    this.#lines.leave(job);
    this.#feed();
  }

  #goOnLater(job: Job, rest: CodecTask): void {
    if (job.signal?.aborted === true) job.reject(clientGone(modelOf(rest)));
    else if (this.#isClosed) job.reject(shuttingDown());
    else {
      job.packed = packRest(rest);
      this.#lines.add(job);
    }
  }

  /** JavaScript ends when it is told to; what native code holds has to be left behind. */
  #replace(thread: CodecThread, task: CodecTask, limitMs: number): void {
    const { threads, events } = this.#options;
    events?.onStuck?.({ task: task.kind, model: modelOf(task), limitMs });
    this.#ending += 1;
    const timer = setTimeout(() => {
      if (this.#ending >= threads) events?.onLost?.(this.#ending);
    }, endMs).unref();
    void thread.replace(`${task.kind} took longer than ${limitMs / 1000} s`).then(() => {
      clearTimeout(timer);
      this.#ending -= 1;
    });
  }

  /** A thread without a task, one that runs before one to be started. */
  #free(): CodecThread | undefined {
    const free = this.#threads.filter(({ isBusy }) => !isBusy);
    return free.find(({ isStarted }) => isStarted) ?? free[0];
  }
}

/** The server ends, and takes no more tasks. */
export function shuttingDown(): AppError {
  return new AppError('SHUTTING_DOWN', 'The server is shutting down; send the request to another one.');
}
