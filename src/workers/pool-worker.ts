import { AppError, fromPlainError, messageOf } from '../errors.js';
import type { Answer, EndCause, Link, OpenLink, FromWorker, TensorPairs, ToWorker } from './link/link.js';
import type { Loss } from './respawn.js';
import type { JournalPlace, RunJournal, RunPhase, Work } from './run-journal.js';

/** One message for a worker, and who waits for its answer. */
export interface Task {
  /** A string is the packet of a run. */
  readonly message: string | Exclude<ToWorker, { kind: 'stop' }>;
  readonly transfer?: readonly ArrayBuffer[];
  /** The session whose run this is. */
  readonly runs?: number;
  /** What it is to a journal. */
  readonly work?: Work;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown, requests?: readonly TensorPairs[]) => void;
}

/** What a worker reports to its pool. */
export interface PoolWorkerEvents {
  /** The worker answered everything it was given. */
  readonly onFree: (worker: PoolWorker) => void;
  /** The thread or process ended without being asked to, while it did this; its task and queue were rejected with WORKER_LOST. */
  readonly onLost: (worker: PoolWorker, loss: WorkerLoss) => void;
}

/** How a thread or process ended, and what it did then. */
export interface WorkerLoss {
  readonly reason: string;
  readonly cause: LossCause;
  readonly work: Work | undefined;
}

/** `limit`: it was ended here since it took too long. */
export type LossCause = EndCause | 'limit';

/** What a worker does. */
export type WorkerState = 'starting' | 'idle' | 'busy' | 'lost' | 'stopping' | 'stopped';

/** How long a thread or a process may take until it is ready: the runtime is loaded in well under a second. */
const startMs = 60_000;

/** How long a process may take to finish when it is told to stop; a thread that runs has to be waited for. */
const processStopMs = 2000;

/** How long a thread is waited for that loads or warms up a model when it is told to stop: nobody waits for that model, and it may never end. */
const threadLoadStopMs = 5000;

/**
 * One place in the pool and the thread or process that fills it.
 * - One task is with it at a time; the rest waits here, ahead of work that is pulled.
 * - A thread is never terminated: `stop` lets it finish, release and end. A process can be killed.
 * - After a loss `start` fills the place anew; it holds no session then.
 */
export class PoolWorker {
  readonly name: string;
  /** The GPU that its sessions are for; undefined: their own. */
  readonly deviceId: number | undefined;
  /** Numbers of the sessions that it holds now. */
  readonly held = new Set<number>();
  /** When and why the place lost what filled it (performance.now()), ascending. */
  readonly losses: Loss[] = [];
  readonly #open: OpenLink;
  readonly #events: PoolWorkerEvents;
  readonly #journal: JournalPlace | undefined;
  readonly #queue: Task[] = [];
  #link: Link | undefined;
  #whenEnded: Promise<void> = Promise.resolve();
  #state: WorkerState = 'lost';
  #current: Task | undefined;
  #currentSinceMs = 0;
  #fault = '';
  /** Why it was ended from here; undefined where it was not. */
  #killed: 'limit' | 'asked' | undefined;
  /** Runs of requests that what fills the place has answered. */
  #answered = 0;

  constructor(options: {
    readonly name: string;
    readonly open: OpenLink;
    readonly events: PoolWorkerEvents;
    readonly deviceId?: number;
    /** Told what a thread does, since its faults end this process. */
    readonly journal?: RunJournal;
  }) {
    this.name = options.name;
    this.deviceId = options.deviceId;
    this.#open = options.open;
    this.#events = options.events;
    this.#journal = options.journal?.open(() => this.#state === 'busy');
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** One that was killed is not, though its end is still to come. */
  get isFree(): boolean {
    return this.#state === 'idle' && this.#fault === '';
  }

  /** Whether what filled the place has ended by itself and nothing has been started in its stead. */
  get isLost(): boolean {
    return this.#state === 'lost';
  }

  /** Whether nothing fills the place: it was lost, or told to stop. */
  get isEmpty(): boolean {
    return this.#state === 'lost' || this.#state === 'stopped';
  }

  /** Whether something was given to it that it has not answered yet, though it may have been told to stop. */
  get isWorking(): boolean {
    return this.#current !== undefined;
  }

  /** Whether it can be ended; a thread ends with the server alone. */
  get isProcess(): boolean {
    return this.#link?.kill !== undefined;
  }

  /** The run that is under way. */
  get running(): RunningRun | undefined {
    const { runs: session, work } = this.#current ?? {};
    return session === undefined ? undefined : { session, phase: work?.phase, sinceMs: this.#currentSinceMs };
  }

  /** The process that fills the place. */
  get pid(): number | undefined {
    return this.#link?.pid;
  }

  /** Fills the place; resolves with the runtime's version, rejects when what was started ends before it is ready, or is not ready in time. */
  start(limitMs = startMs): Promise<string> {
    this.#state = 'starting';
    this.#fault = '';
    this.#killed = undefined;
    this.#answered = 0;
    this.held.clear();
    let timer: NodeJS.Timeout | undefined;
    const started = new Promise<string>((resolve, reject) => {
      timer = setTimeout(() => {
        const reason = `it was not ready within ${limitMs / 1000} s`;
        if (!this.kill(reason)) reject(new AppError('WORKER_LOST', `Worker ${this.name} did not start: ${reason}`));
      }, limitMs);
      let tellEnd = (): void => undefined;
      this.#whenEnded = new Promise((ended) => (tellEnd = ended));
      this.#link = this.#open(this.name, {
        onAnswer: (answer) => {
          if (typeof answer !== 'string' && answer.kind === 'started') resolve(answer.runtimeVersion);
          this.#settle(answer);
        },
        onUnreadable: (error) => this.#settle(unreadable(error)),
        onEnd: (reason, cause) => {
          this.#fault ||= reason;
          reject(new AppError('WORKER_LOST', `Worker ${this.name} ended before it was ready: ${this.#fault}`));
          this.#ended(this.#killed ?? cause);
          tellEnd();
        },
      });
    });
    return started.finally(() => clearTimeout(timer));
  }

  /** Ends a process at once, for the reason given; answers false for a thread, which nothing can end. `limit`: what it does takes too long. */
  kill(reason: string, why: 'limit' | 'asked' = 'asked'): boolean {
    if (this.#link?.kill === undefined) return false;
    this.#fault ||= reason;
    this.#killed ??= why;
    this.#link.kill();
    return true;
  }

  /** Puts a task ahead of pulled work. */
  submit(task: Task): void {
    if (this.#state === 'idle') this.give(task);
    else if (this.#state === 'busy' || this.#state === 'starting') this.#queue.push(task);
    else task.reject(this.#gone());
  }

  /** Hands over a task; the worker must be free. */
  give(task: Task): void {
    this.#current = task;
    this.#currentSinceMs = performance.now();
    this.#state = 'busy';
    if (task.work !== undefined) this.#journal?.enter(task.work);
    try {
      this.#link?.send(task.message, task.transfer ?? []);
    } catch (error) {
      this.#current = undefined;
      this.#state = 'idle';
      task.reject(
        new AppError('INTERNAL', `A run could not be sent to ${this.name}: ${messageOf(error)}`, { cause: error }),
      );
      this.#next();
    }
  }

  /** Lets it finish what it has, release its sessions and end; resolves when it has ended, or is a thread that does not come back from a load. */
  async stop(loadLimitMs = threadLoadStopMs): Promise<void> {
    if (this.#link === undefined) {
      this.#state = 'stopped';
      return;
    }
    this.#state = 'stopping';
    const unwanted = this.#queue.filter(isOfLoad);
    for (const task of unwanted) this.#queue.splice(this.#queue.indexOf(task), 1);
    for (const task of unwanted) task.reject(this.#gone());
    if (this.#current === undefined) this.#next();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      if (this.isProcess) timer = setTimeout(() => this.kill('it did not stop'), processStopMs);
      else if (this.#current !== undefined && isOfLoad(this.#current)) timer = setTimeout(resolve, loadLimitMs);
    });
    await Promise.race([this.#whenEnded, late]);
    clearTimeout(timer);
  }

  #settle(answer: Answer): void {
    const task = this.#current;
    this.#current = undefined;
    if (task?.work?.phase === 'running') this.#answered += 1;
    if (task?.work !== undefined && task.work.phase !== 'running') this.#journal?.leave();
    if (this.#state !== 'stopping') this.#state = 'idle';
    this.#next();
    if (typeof answer !== 'string' && answer.kind === 'failed')
      task?.reject(fromPlainError(answer.error), answer.requests);
    else task?.resolve(answer);
  }

  /** The worker is refilled before whoever waited for the last answer is told, so that it rests as little as possible. */
  #next(): void {
    const task = this.#queue.shift();
    if (task !== undefined) this.give(task);
    else if (this.#state === 'stopping') this.#link?.send({ kind: 'stop' }, []);
    else this.#events.onFree(this);
  }

  #ended(cause: LossCause): void {
    const reason = this.#fault;
    const wasStopping = this.#state === 'stopping';
    const { isProcess } = this;
    const isRunning = this.#current?.runs !== undefined && isProcess;
    this.#link = undefined;
    this.#state = wasStopping ? 'stopped' : 'lost';
    this.held.clear();
    const orphans = this.#current === undefined ? [] : [this.#current];
    orphans.push(...this.#queue.splice(0));
    const work = this.#current?.work;
    this.#current = undefined;
    const isTooLarge = isRunning && cause === 'memory';
    for (const [index, task] of orphans.entries()) {
      const endedIt = index === 0 && isRunning;
      const isRequestFault = endedIt && isTooLarge;
      task.reject(
        this.#loss(reason, { endedIt, ...(isProcess && { cause }), ...(isRequestFault && { isRequestFault }) }),
      );
    }
    if (wasStopping) return;
    const isRequestFault = isTooLarge || (isRunning && this.#answered > 0);
    this.losses.push({ atMs: performance.now(), isRequestFault });
    this.#events.onLost(this, { reason, cause, work });
  }

  /** `endedIt`: the run may have been what ended the process, and `cause` why that ended; `isRequestFault`: with a result that its memory does not hold. */
  #loss(reason: string, details: Readonly<Record<string, unknown>>): AppError {
    const advice = details.isRequestFault === true ? '. To fix: send values that ask for less' : '';
    return new AppError('WORKER_LOST', `Worker ${this.name} was lost while it worked: ${reason}${advice}`, { details });
  }

  #gone(): AppError {
    if (this.#state === 'lost') return new AppError('WORKER_LOST', `Worker ${this.name} is lost: ${this.#fault}`);
    return new AppError('SHUTTING_DOWN', `Worker ${this.name} is stopping.`);
  }
}

/** Whether a task belongs to a load: nobody waits for it once the server stops. */
function isOfLoad({ work }: Task): boolean {
  return work?.phase === 'loading' || work?.phase === 'warming';
}

/** A run, and since when it is under way (performance.now()). */
export interface RunningRun {
  readonly session: number;
  readonly phase: RunPhase | undefined;
  readonly sinceMs: number;
}

function unreadable(error: unknown): FromWorker {
  return {
    kind: 'failed',
    error: { code: 'INTERNAL', message: `An answer could not be read: ${messageOf(error)}`, details: {} },
  };
}
