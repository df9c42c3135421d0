import { AppError } from '../../errors.js';
import type { OpenLink } from '../link/link.js';
import { PoolWorker, type PoolWorkerEvents } from '../pool-worker.js';
import { refuseUnwanted, startWanted } from './unwanted.js';

/** How trial processes are started, and how many at once. */
export interface TrialProcessesOptions {
  /** Trials that begin at the same time. */
  readonly most: number;
  readonly open: OpenLink;
  readonly events: PoolWorkerEvents;
  /** A trial that takes longer makes room for the next one without having ended; 3 s unless told otherwise. */
  readonly slowMs?: number;
  /** How long a process that has nothing to do is kept for the next trial; 1 s unless told otherwise. */
  readonly idleMs?: number;
}

/** One trial under way; ending it makes room where it still takes some. */
interface Lease {
  end(): void;
}

/**
 * Processes that try one model after another. Few run at the same time, since each wants a CPU; but one that takes long, perhaps for
 * ever, does not hold up the others. They are started when there is something to try, and end soon afterwards.
 */
export class TrialProcesses {
  readonly #options: TrialProcessesOptions;
  readonly #leases = new Map<PoolWorker, Lease>();
  readonly #idle = new Map<PoolWorker, NodeJS.Timeout>();
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #isStopped = false;
  #numbers = 0;

  constructor(options: TrialProcessesOptions) {
    this.#options = options;
  }

  has(worker: PoolWorker): boolean {
    return this.#leases.has(worker) || this.#idle.has(worker);
  }

  /** A process that has nothing to do, as soon as there is room for one more trial. Rejects where none can be started, or nobody waits for it. */
  async acquire(signal?: AbortSignal): Promise<PoolWorker> {
    const lease = await this.#takeRoom();
    if (this.#isStopped) {
      lease.end();
      throw new AppError('SHUTTING_DOWN', 'The workers are stopping.');
    }
    const worker = this.#takeIdle() ?? this.#make();
    this.#leases.set(worker, lease);
    try {
      refuseUnwanted(signal);
      if (worker.isLost) await startWanted([worker], signal);
      return worker;
    } catch (error) {
      await this.release(worker);
      throw error;
    }
  }

  /** Takes a process back after its trial; one that was lost is not used again. */
  async release(worker: PoolWorker): Promise<void> {
    this.#leases.get(worker)?.end();
    this.#leases.delete(worker);
    if (worker.isFree)
      this.#idle.set(
        worker,
        setTimeout(() => void this.#stopIdle(worker), this.#options.idleMs ?? 1000),
      );
    else await worker.stop();
  }

  /** Ends all at once: a trial may run for ever, and nobody waits for its result any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const [worker, lease] of this.#leases) {
      worker.kill('the server is stopping');
      lease.end();
    }
    await Promise.all([...this.#idle.keys(), ...this.#leases.keys()].map((worker) => this.#stopIdle(worker)));
  }

  async #takeRoom(): Promise<Lease> {
    if (this.#taken >= this.#options.most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#taken += 1;
    let isOver = false;
    const end = (): void => {
      clearTimeout(timer);
      if (isOver) return;
      isOver = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    };
    const timer = setTimeout(end, this.#options.slowMs ?? 3000);
    return { end };
  }

  #takeIdle(): PoolWorker | undefined {
    const [worker] = this.#idle.keys();
    if (worker === undefined) return undefined;
    clearTimeout(this.#idle.get(worker));
    this.#idle.delete(worker);
    return worker.isFree ? worker : this.#takeIdle();
  }

  #make(): PoolWorker {
    const { open, events } = this.#options;
    return new PoolWorker({ name: `trial-${(this.#numbers += 1)}`, open, events });
  }

  async #stopIdle(worker: PoolWorker): Promise<void> {
    clearTimeout(this.#idle.get(worker));
    this.#idle.delete(worker);
    await worker.stop();
  }
}
