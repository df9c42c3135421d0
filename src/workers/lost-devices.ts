import type { PoolSession } from './pool-session.js';
import type { PoolWorker } from './pool-worker.js';
import type { DeviceLoss, RunnerOptions } from './runner-options.js';

/** A device that is lost again this soon after its worker was filled anew is gone for this process. */
const againMs = 5 * 60_000;

/** A release on a device that is gone may never come back. */
const defaultStopLimitMs = 30_000;

export interface LostDevicesOptions extends Pick<RunnerOptions, 'events' | 'stopLimitMs'> {
  /** A thread does not end. */
  readonly stuck: (reason: string) => void;
  /** Fills an empty place anew and loads its sessions again; answers what failed. */
  readonly restart: (worker: PoolWorker) => Promise<readonly string[]>;
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
 * GPUs that a run found lost. The worker of one is filled anew, once: what was lost with its sessions comes back with them. Where that fails,
 * or the next run finds it lost again, the process cannot get it back: models that are on no other device are given up.
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
    const onCuda = [...this.#options.serving].filter(isOnCuda);
    return [...new Set(onCuda.flatMap(({ workers }) => workers.flatMap(({ deviceId }) => deviceId ?? [])))];
  }

  get gone(): readonly string[] {
    return [...this.#gone].map(({ name }) => name);
  }

  /** A run of a session found the device of a worker lost. */
  note({ spec }: PoolSession, worker: PoolWorker, reason: string): void {
    if (this.#refilling.has(worker) || this.#gone.has(worker)) return;
    const loss = lossOf(worker, spec, reason);
    this.#options.events?.onDeviceLost?.(loss);
    const sinceMs = performance.now() - (this.#refilledMs.get(worker) ?? -Infinity);
    if (sinceMs <= againMs) this.#giveUp(worker, loss);
    else this.#refilling.set(worker, this.#refill(worker, loss));
  }

  lose(deviceId: number, reason: string): void {
    for (const { workers, spec } of [...this.#options.serving].filter(isOnCuda)) {
      for (const worker of workers.filter((each) => each.deviceId === deviceId && !this.#gone.has(each)))
        this.#giveUp(worker, lossOf(worker, spec, reason));
    }
  }

  /** Resolves when none of these places is being filled anew. */
  async settled(workers: readonly PoolWorker[]): Promise<void> {
    for (const worker of workers) await this.#refilling.get(worker);
  }

  /** A session was loaded there. */
  back(workers: readonly PoolWorker[]): void {
    for (const worker of workers) this.#gone.delete(worker);
  }

  async #refill(worker: PoolWorker, loss: DeviceLoss): Promise<void> {
    const { stopLimitMs = defaultStopLimitMs, stuck, restart } = this.#options;
    const timer = setTimeout(() => stuck(`${worker.name} does not end, whose device was lost`), stopLimitMs);
    await worker.stop();
    clearTimeout(timer);
    const failures = await restart(worker);
    this.#refilling.delete(worker);
    this.#refilledMs.set(worker, performance.now());
    if (failures.length > 0) this.#giveUp(worker, { ...loss, reason: `${loss.reason} ${failures.join(' ')}` });
  }

  #giveUp(worker: PoolWorker, loss: DeviceLoss): void {
    this.#gone.add(worker);
    for (const session of [...this.#options.serving].filter(({ workers }) => workers.includes(worker))) {
      worker.held.delete(session.number);
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
