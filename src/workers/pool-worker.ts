import { Worker } from 'node:worker_threads';
import { AppError, fromPlainError, messageOf } from '../errors.js';
import { PoolEnd } from './mailbox.js';
import type { FromWorker, TensorPairs, ToWorker } from './messages.js';

/** One message for a worker, and who waits for its answer. */
export interface Task {
  /** A string is the packet of a run. */
  readonly message: string | Exclude<ToWorker, { kind: 'stop' }>;
  readonly transfer?: readonly ArrayBuffer[];
  /** The session whose run this is. */
  readonly runs?: number;
  readonly resolve: (answer: string | FromWorker) => void;
  readonly reject: (error: unknown, requests?: readonly TensorPairs[]) => void;
}

export interface PoolWorkerEvents {
  /** The worker answered everything it was given. */
  readonly onFree: (worker: PoolWorker) => void;
  /** The thread ended without being asked to; its task and queue were rejected with WORKER_LOST. */
  readonly onLost: (worker: PoolWorker, reason: string) => void;
}

export type WorkerState = 'starting' | 'idle' | 'busy' | 'lost' | 'stopping' | 'stopped';

/**
 * One place in the pool and the thread that fills it.
 * - One task is with the thread at a time; the rest waits here, ahead of work that is pulled.
 * - The thread is never terminated: `stop` lets it finish, release and end.
 * - After a loss `start` fills the place with a new thread, which holds no session yet.
 */
export class PoolWorker {
  readonly name: string;
  /** Numbers of the sessions that the thread holds now. */
  readonly held = new Set<number>();
  readonly #entry: URL;
  readonly #events: PoolWorkerEvents;
  readonly #queue: Task[] = [];
  #thread: Worker | undefined;
  #mailbox: PoolEnd<string | ToWorker, string | FromWorker> | undefined;
  #state: WorkerState = 'lost';
  #current: Task | undefined;
  #currentSinceMs = 0;
  #fault = '';

  constructor(options: { readonly name: string; readonly entry: URL; readonly events: PoolWorkerEvents }) {
    this.name = options.name;
    this.#entry = options.entry;
    this.#events = options.events;
  }

  get state(): WorkerState {
    return this.#state;
  }

  get isFree(): boolean {
    return this.#state === 'idle';
  }

  /** The session whose run the thread works on and since when (performance.now()), or undefined. */
  get running(): { readonly session: number; readonly sinceMs: number } | undefined {
    const session = this.#current?.runs;
    return session === undefined ? undefined : { session, sinceMs: this.#currentSinceMs };
  }

  /** Starts a thread; resolves with the runtime's version, rejects when it ends before it is ready. */
  start(): Promise<string> {
    this.#state = 'starting';
    this.#fault = '';
    this.held.clear();
    return new Promise((resolve, reject) => {
      const mailbox = new PoolEnd<string | ToWorker, string | FromWorker>(
        (answer) => {
          if (typeof answer !== 'string' && answer.kind === 'started') resolve(answer.runtimeVersion);
          this.#settle(answer);
        },
        (error) => this.#settle(unreadable(error)),
      );
      const { parts } = mailbox;
      const thread = new Worker(this.#entry, { name: this.name, workerData: parts, transferList: [parts.port] });
      this.#mailbox = mailbox;
      this.#thread = thread;
      thread.on('error', (error) => (this.#fault = messageOf(error)));
      thread.on('exit', (code) => {
        mailbox.close();
        reject(new AppError('WORKER_LOST', `Worker ${this.name} ended before it was ready: ${this.#reason(code)}`));
        this.#ended(code);
      });
    });
  }

  /** Puts a task ahead of pulled work. */
  submit(task: Task): void {
    if (this.#state === 'idle') this.give(task);
    else if (this.#state === 'busy' || this.#state === 'starting') this.#queue.push(task);
    else task.reject(this.#gone());
  }

  /** Hands a task to the thread, which must be free. */
  give(task: Task): void {
    this.#current = task;
    this.#currentSinceMs = performance.now();
    this.#state = 'busy';
    try {
      this.#mailbox?.send(task.message, task.transfer ?? []);
    } catch (error) {
      this.#current = undefined;
      this.#state = 'idle';
      task.reject(
        new AppError('INTERNAL', `A run could not be sent to ${this.name}: ${messageOf(error)}`, { cause: error }),
      );
      this.#next();
    }
  }

  /** Lets the thread finish what it has, release its sessions and end; resolves when it has ended. */
  async stop(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) {
      this.#state = 'stopped';
      return;
    }
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    this.#state = 'stopping';
    if (this.#current === undefined) this.#next();
    await ended;
  }

  #settle(answer: string | FromWorker): void {
    const task = this.#current;
    this.#current = undefined;
    if (this.#state !== 'stopping') this.#state = 'idle';
    this.#next();
    if (typeof answer !== 'string' && answer.kind === 'failed')
      task?.reject(fromPlainError(answer.error), answer.requests);
    else task?.resolve(answer);
  }

  /** The thread is refilled before whoever waited for the last answer is told, so that it rests as little as possible. */
  #next(): void {
    const task = this.#queue.shift();
    if (task !== undefined) this.give(task);
    else if (this.#state === 'stopping') this.#mailbox?.send({ kind: 'stop' }, []);
    else this.#events.onFree(this);
  }

  #ended(code: number): void {
    const reason = this.#reason(code);
    const wasStopping = this.#state === 'stopping';
    this.#thread = undefined;
    this.#mailbox = undefined;
    this.#state = wasStopping ? 'stopped' : 'lost';
    this.held.clear();
    const orphans = this.#current === undefined ? [] : [this.#current];
    orphans.push(...this.#queue.splice(0));
    this.#current = undefined;
    for (const task of orphans)
      task.reject(new AppError('WORKER_LOST', `Worker ${this.name} was lost while it worked: ${reason}`));
    if (!wasStopping) this.#events.onLost(this, reason);
  }

  #gone(): AppError {
    if (this.#state === 'lost') return new AppError('WORKER_LOST', `Worker ${this.name} is lost: ${this.#fault}`);
    return new AppError('SHUTTING_DOWN', `Worker ${this.name} is stopping.`);
  }

  #reason(code: number): string {
    return this.#fault === '' ? `exit code ${code}` : this.#fault;
  }
}

function unreadable(error: unknown): FromWorker {
  return {
    kind: 'failed',
    error: { code: 'INTERNAL', message: `An answer could not be read: ${messageOf(error)}`, details: {} },
  };
}
