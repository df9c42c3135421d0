import { AppError, messageOf } from '../errors.js';
import type { PoolWorker } from './pool-worker.js';

/** On which devices the instances of one session are. */
export class SessionDevices {
  readonly #deviceOf = new Map<PoolWorker, string>();
  readonly #workers: readonly PoolWorker[];
  #names: readonly string[] = [];

  constructor(workers: readonly PoolWorker[]) {
    this.#workers = workers;
  }

  /** Each once, in the order of the workers, whichever loads first. */
  get names(): readonly string[] {
    return this.#names;
  }

  note(worker: PoolWorker, device: string): void {
    this.#deviceOf.set(worker, device);
    this.#names = [...new Set(this.#workers.flatMap((each) => this.#deviceOf.get(each) ?? []))];
  }

  /** The device of a worker, where there are several. */
  find(worker: PoolWorker): string | undefined {
    return this.#names.length > 1 ? this.#deviceOf.get(worker) : undefined;
  }
}

/** A failure with the GPU that it happened on. */
export function onGpu(error: unknown, { deviceId }: PoolWorker): Error {
  if (!(error instanceof AppError)) return error instanceof Error ? error : new Error(messageOf(error));
  if (deviceId === undefined) return error;
  return new AppError(error.code, `On GPU ${deviceId}: ${error.message}`, { details: error.details, cause: error });
}
