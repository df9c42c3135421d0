import type { ResourceLimits } from 'node:worker_threads';
import { AppError } from '../../errors.js';
import type { CodecResult, CodecTask, CodecThreadData } from './tasks.js';
import { CodecThread } from './thread.js';
import { packTask, type PackedTask } from './transfers.js';

/** How many threads, what each may take, and what each starts with. */
export interface CodecPoolOptions {
  readonly threads: number;
  readonly limits: ResourceLimits;
  readonly data: CodecThreadData;
}

interface Waiting {
  readonly packed: PackedTask;
  readonly resolve: (result: CodecResult) => void;
  readonly reject: (error: unknown) => void;
}

type Line = 'images' | 'bodies';

/**
 * Codec threads and the tasks that wait for one.
 * - A thread has one task at a time; the next goes to whichever becomes free first, so that none waits behind a slow one.
 * - Images and bodies wait in lines of their own, and free threads take from them in turn.
 * - A thread is started when all others are busy, and stays.
 */
export class CodecPool {
  readonly #threads: readonly CodecThread[];
  readonly #lines: Readonly<Record<Line, Waiting[]>> = { images: [], bodies: [] };
  #next: Line = 'images';
  #isClosed = false;

  constructor({ threads, limits, data }: CodecPoolOptions) {
    this.#threads = Array.from({ length: threads }, () => new CodecThread(limits, data));
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
      this.#lines[task.kind === 'decode-images' ? 'images' : 'bodies'].push({ packed, resolve, reject });
      this.#feed();
    });
  }

  /** Starts every thread for images, and otherwise one, before they are needed. */
  async prewarm(forPictures: boolean): Promise<void> {
    if (this.#isClosed) return;
    const threads = forPictures ? this.#threads : this.#threads.slice(0, 1);
    const idle = threads.filter(({ isBusy }) => !isBusy);
    await Promise.all(idle.map((thread) => this.#do(thread, packTask({ kind: 'prewarm', forPictures }))));
  }

  /** Ends the threads; what they had and what waited is rejected with SHUTTING_DOWN. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const line of Object.values(this.#lines)) for (const { reject } of line.splice(0)) reject(shuttingDown());
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #feed(): void {
    for (let thread = this.#free(); thread !== undefined; thread = this.#free()) {
      const waiting = this.#take();
      if (waiting === undefined) return;
      this.#do(thread, waiting.packed).then(waiting.resolve, waiting.reject);
    }
  }

  async #do(thread: CodecThread, packed: PackedTask): Promise<CodecResult> {
    try {
      return await thread.run(packed);
    } finally {
      this.#feed();
    }
  }

  /** A thread without a task, one that runs before one to be started. */
  #free(): CodecThread | undefined {
    const free = this.#threads.filter(({ isBusy }) => !isBusy);
    return free.find(({ isStarted }) => isStarted) ?? free[0];
  }

  #take(): Waiting | undefined {
    const other: Line = this.#next === 'images' ? 'bodies' : 'images';
    const from = this.#lines[this.#next].length > 0 ? this.#next : other;
    this.#next = from === 'images' ? 'bodies' : 'images';
    return this.#lines[from].shift();
  }
}

export function shuttingDown(): AppError {
  return new AppError('SHUTTING_DOWN', 'The server is shutting down; send the request to another one.');
}
