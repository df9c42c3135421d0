import type { ResourceLimits } from 'node:worker_threads';
import { AppError } from '../../errors.js';
import { limitOf, lineOf, modelOf } from './cost.js';
import type { CodecResult, CodecTask, CodecThreadData } from './tasks.js';
import { CodecThread } from './thread.js';
import { packTask, type PackedTask } from './transfers.js';

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

interface Waiting {
  readonly packed: PackedTask;
  readonly resolve: (result: CodecResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Codec threads and the tasks that wait for one.
 * - A thread has one task at a time; the next goes to whichever becomes free first, so that none waits behind a slow one.
 * - Images and bodies of each model wait in lines of their own, and free threads take from them in turn.
 * - A task that takes too long fails, and its thread is replaced.
 * - A thread is started when all others are busy, and stays unless it holds much memory.
 */
export class CodecPool {
  readonly #threads: readonly CodecThread[];
  readonly #lines = new FairLines<Waiting>();
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

  /** Does a task on a thread; what moves away with it may not be used afterwards. Rejects with WORKER_LOST and SHUTTING_DOWN. */
  run(task: CodecTask): Promise<CodecResult> {
    const packed = packTask(task);
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(shuttingDown());
        return;
      }
      this.#lines.add(lineOf(task), { packed, resolve, reject });
      this.#feed();
    });
  }

  /** Ends the threads; what they had and what waited is rejected with SHUTTING_DOWN. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#lines.takeAll()) reject(shuttingDown());
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #feed(): void {
    for (let thread = this.#free(); thread !== undefined; thread = this.#free()) {
      const waiting = this.#lines.take();
      if (waiting === undefined) return;
      this.#do(thread, waiting.packed).then(waiting.resolve, waiting.reject);
    }
  }

  async #do(thread: CodecThread, packed: PackedTask): Promise<CodecResult> {
    const limitMs = (this.#options.limitOf ?? limitOf)(packed.task);
    const timer = setTimeout(() => this.#replace(thread, packed.task, limitMs), limitMs);
    try {
      return await thread.run(packed);
    } finally {
      clearTimeout(timer);
      this.#feed();
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

/**
 * What waits, in lines that are served in turn, each in the order in which it came: however long one line is, the first of another is
 * taken after one of each.
 */
class FairLines<T> {
  /** Only lines in which something waits, the one served longest ago first. */
  readonly #lines = new Map<string, T[]>();
  /** The line served last, which may have been emptied since. */
  #last = '';

  add(line: string, waiting: T): void {
    const others = this.#lines.get(line);
    if (others === undefined) this.#lines.set(line, [waiting]);
    else others.push(waiting);
  }

  take(): T | undefined {
    for (const [line, waiting] of this.#lines) {
      if (line === this.#last && this.#lines.size > 1) continue;
      this.#last = line;
      const first = waiting.shift();
      this.#lines.delete(line);
      if (waiting.length > 0) this.#lines.set(line, waiting);
      return first;
    }
    return undefined;
  }

  /** Empties every line. */
  takeAll(): readonly T[] {
    const all = [...this.#lines.values()].flat();
    this.#lines.clear();
    return all;
  }
}
