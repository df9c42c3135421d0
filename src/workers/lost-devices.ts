import type { PoolSession } from './pool-session.js';
import type { PoolWorker } from './pool-worker.js';
import type { DeviceLoss, RunnerOptions } from './runner-options.js';

/** A device that is lost again this soon after its worker was filled anew is gone for this process. */
const againMs = 5 * 60_000;

/** A release on a device that is gone may never come back. */
const defaultStopLimitMs = 30_000;

/** How workers of a lost device are replaced. */
export interface LostDevicesOptions extends Pick<RunnerOptions, 'events' | 'stopLimitMs'> {
  /** A thread does not end. */
  readonly stuck: (reason: string) => void;
  /** Fills an empty place anew and loads its sessions again; answers what failed. */
  readonly restart: (worker: PoolWorker) => Promise<readonly string[]>;
  /** Whether a worker is a process of its own. */
  readonly isApart: (worker: PoolWorker) => boolean;
  /** Those that serve. */
  readonly serving: ReadonlySet<PoolSession>;
  /** Refuses what waits for a session, and what comes for it. */
  readonly giveUp: (session: PoolSession, reason: string) => void;
}

/** The GPUs that models are loaded on, as the server sees them. */
export interface Devices {
  /** Numbers of those of CUDA. */
  readonly cuda: readonly number[];
  /** Names of the workers whose device is gone for this process. */
  readonly gone: readonly string[];
  /** Something else than a run found a device of CUDA gone: its models are given up. */
  lose(deviceId: number, reason: string): void;
}

/**
 * GPUs that a run found lost. Threads share one context of a GPU, so that what one of them lost all have lost: they are filled anew, once, and
 * what was lost with their sessions comes back with them. Where that fails, or the next run finds it lost again, the process cannot get it back:
 * models that are on no other device are given up.
 */
export class LostDevices implements Devices {
  readonly #options: LostDevicesOptions;
  readonly #refilling = new Map<PoolWorker, Promise<void>>();
  readonly #refilledMs = new Map<PoolWorker, number>();
  readonly #gone = new Set<PoolWorker>();

  constructor(options: LostDevicesOptions) {
    this.#options = options;
  }

  get cuda(): readonly number[] {
    return [...new Set(this.#onCuda().flatMap(({ deviceId }) => deviceId ?? []))];
  }

  get gone(): readonly string[] {
    return [...this.#gone].map(({ name }) => name);
  }

  /** A run of a session found the device of a worker lost. */
  note({ spec }: PoolSession, worker: PoolWorker, reason: string): void {
    const workers = this.#sharing(worker);
    if (workers.some((each) => this.#refilling.has(each) || this.#gone.has(each))) return;
    const loss = lossOf(worker, spec, reason);
    this.#options.events?.onDeviceLost?.(loss);
    const refilledMs = Math.max(...workers.map((each) => this.#refilledMs.get(each) ?? -Infinity));
    if (performance.now() - refilledMs <= againMs) this.#giveUp(workers, loss);
    else {
      const refilled = this.#refill(workers, loss);
      for (const each of workers) this.#refilling.set(each, refilled);
    }
  }

  lose(deviceId: number, reason: string): void {
    const workers = this.#onCuda().filter((each) => each.deviceId === deviceId && !this.#gone.has(each));
    const [worker] = workers;
    const session = [...this.#options.serving].find((each) => worker !== undefined && each.workers.includes(worker));
    if (worker !== undefined && session !== undefined) this.#giveUp(workers, lossOf(worker, session.spec, reason));
  }

  /** Resolves when none of these places is being filled anew. */
  async settled(workers: readonly PoolWorker[]): Promise<void> {
    for (const worker of workers) await this.#refilling.get(worker);
  }

  /** A session was loaded there. */
  back(workers: readonly PoolWorker[]): void {
    for (const worker of workers) this.#gone.delete(worker);
  }

  #onCuda(): readonly PoolWorker[] {
    return [...new Set([...this.#options.serving].filter(isOnCuda).flatMap(({ workers }) => workers))];
  }

  /** The threads of a worker's device of CUDA, itself the first; a process has a context of its own, and so has WebGPU's adapter. */
  #sharing(worker: PoolWorker): readonly PoolWorker[] {
    const { isApart } = this.#options;
    const threads = this.#onCuda().filter((each) => !isApart(each));
    if (!threads.includes(worker)) return [worker];
    return [...new Set([worker, ...threads.filter(({ deviceId }) => deviceId === worker.deviceId)])];
  }

  async #refill(workers: readonly PoolWorker[], loss: DeviceLoss): Promise<void> {
    const { stopLimitMs = defaultStopLimitMs, stuck, restart } = this.#options;
    const timer = setTimeout(() => stuck(`${loss.worker}, whose device was lost, does not end`), stopLimitMs);
    await Promise.all(workers.map((worker) => worker.stop()));
    clearTimeout(timer);
    const failures = (await Promise.all(workers.map(restart))).flat();
    for (const worker of workers) {
      this.#refilling.delete(worker);
      this.#refilledMs.set(worker, performance.now());
    }
    if (failures.length > 0) this.#giveUp(workers, { ...loss, reason: `${loss.reason} ${failures.join(' ')}` });
  }

  #giveUp(workers: readonly PoolWorker[], loss: DeviceLoss): void {
    for (const worker of workers) this.#gone.add(worker);
    for (const session of [...this.#options.serving].filter((each) =>
      each.workers.some((one) => workers.includes(one)),
    )) {
      for (const worker of workers) worker.held.delete(session.number);
      if (session.isUnheld) this.#options.giveUp(session, loss.reason);
    }
    this.#options.events?.onDeviceGone?.(loss);
  }
}

function lossOf(worker: PoolWorker, { provider, deviceId }: PoolSession['spec'], reason: string): DeviceLoss {
  return { worker: worker.name, provider, deviceId: worker.deviceId ?? deviceId, reason };
}

function isOnCuda({ spec: { provider } }: Pick<PoolSession, 'spec'>): boolean {
  return provider === 'cuda' || provider === 'tensorrt';
}
