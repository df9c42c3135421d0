import type { SessionSpec } from '../engine/engine.js';
import { prepareWeights, type PreparedModel, type WeightsCacheOptions } from '../engine/weights-cache.js';
import { disableTelemetry } from '../engine/telemetry.js';
import { AppError } from '../errors.js';
import { PoolSession } from './pool-session.js';
import { PoolWorker, type WorkerState } from './pool-worker.js';
import { decideRespawn, defaultRespawnPolicy, type RespawnPolicy } from './respawn.js';
import type { NextRun, Runner, RunnerSession } from './runner.js';

export interface RunnerOptions {
  /** Worker threads of the CPU. Each GPU gets one more when its first model is loaded. */
  readonly workers: number;
  /** The main thread's environment: telemetry is turned off in it before the first thread starts. */
  readonly env: NodeJS.ProcessEnv;
  /** Where optimised copies of models are kept, so that workers share the weights; without it each has its own. */
  readonly weightsCache?: Omit<WeightsCacheOptions, 'env'>;
  readonly events?: RunnerEvents;
  readonly respawn?: RespawnPolicy;
  /** The longest that one run may take; then `onStuck` is called. 0: no limit. */
  readonly runLimitMs?: number;
  /** The thread's entry file; the one beside this file unless told otherwise. */
  readonly entry?: URL;
}

export interface RunnerEvents {
  readonly onWorkerLost?: (event: { readonly worker: string; readonly reason: string }) => void;
  readonly onWorkerRestarted?: (event: { readonly worker: string; readonly failures: readonly string[] }) => void;
  /** A run passed its limit. Nothing can cancel it: the process has to be killed (SIGKILL) and started again. */
  readonly onStuck?: (event: { readonly worker: string; readonly session: string; readonly runningMs: number }) => void;
}

export interface RunnerStatus {
  readonly runtimeVersion: string;
  readonly workers: readonly { readonly name: string; readonly state: WorkerState; readonly sessions: number }[];
  readonly busyWorkers: number;
  readonly restarts: number;
  /** False when workers were lost too often and are not started any more. */
  readonly healthy: boolean;
  readonly reason?: string;
}

/** A runner whose threads can be seen and ended. */
export interface RunnerPool extends Runner {
  status(): RunnerStatus;
  /** Lets every worker finish what it has, release and end. Runs asked for afterwards are refused with SHUTTING_DOWN. */
  close(): Promise<void>;
}

/** Starts the worker threads; resolves when all of them have loaded the runtime. */
export async function startRunner(options: RunnerOptions): Promise<RunnerPool> {
  disableTelemetry(options.env);
  const pool = new Pool(options);
  try {
    await pool.start();
  } catch (error) {
    await pool.close();
    throw error;
  }
  return pool;
}

class Pool implements RunnerPool {
  readonly #options: RunnerOptions;
  readonly #entry: URL;
  readonly #cpu: PoolWorker[] = [];
  readonly #gpu = new Map<string, PoolWorker>();
  readonly #sessions = new Set<PoolSession>();
  /** Sessions that may have work, the one served longest ago first. */
  readonly #hungry = new Set<PoolSession>();
  readonly #lossesMs: number[] = [];
  #restarts = 0;
  #numbers = 0;
  #runtimeVersion = '';
  #gaveUp: string | undefined;
  #closing: Promise<void> | undefined;
  #timers = new Set<NodeJS.Timeout>();

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#entry = options.entry ?? new URL('./worker.js', import.meta.url);
    for (let index = 0; index < options.workers; index += 1) this.#cpu.push(this.#place(`cpu-${index}`));
    const limitMs = options.runLimitMs ?? 0;
    if (limitMs > 0) this.#timers.add(setInterval(() => this.#watch(limitMs), Math.max(10, limitMs / 4)).unref());
  }

  async start(): Promise<void> {
    const versions = await Promise.all(this.#cpu.map((worker) => worker.start()));
    this.#runtimeVersion = versions[0] ?? '';
  }

  async load(
    spec: SessionSpec,
    { instances, next }: { readonly instances: number | 'auto'; readonly next: NextRun },
  ): Promise<RunnerSession> {
    this.#refuseWhenClosing();
    const prepared = await this.#prepare(spec);
    this.#refuseWhenClosing();
    const workers = spec.provider === 'cpu' ? this.#quietest(instances) : [await this.#gpuWorker(spec)];
    const owner = {
      wake: (woken: PoolSession) => this.#wake(woken),
      forget: (gone: PoolSession) => this.#forget(gone),
    };
    const session = new PoolSession({ number: (this.#numbers += 1), spec, prepared, next, workers, owner });
    const [first, ...others] = workers;
    if (first === undefined) throw new AppError('INTERNAL', 'The runner has no CPU worker.');
    try {
      await session.loadOn(first);
      if (this.#sessions.size === 0) await Promise.all(others.map((worker) => session.loadOn(worker)));
      else for (const worker of others) await session.loadOn(worker);
    } catch (error) {
      await session.unload();
      throw error;
    }
    this.#sessions.add(session);
    return session;
  }

  status(): RunnerStatus {
    const places = [...this.#cpu, ...this.#gpu.values()];
    return {
      runtimeVersion: this.#runtimeVersion,
      workers: places.map(({ name, state, held }) => ({ name, state, sessions: held.size })),
      busyWorkers: places.filter(({ state }) => state === 'busy').length,
      restarts: this.#restarts,
      healthy: this.#gaveUp === undefined,
      ...(this.#gaveUp === undefined ? {} : { reason: this.#gaveUp }),
    };
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#cpu, ...this.#gpu.values()].map((worker) => worker.stop())).then(() => {
      for (const timer of this.#timers) clearTimeout(timer);
      this.#rejectHomeless();
    });
    return this.#closing;
  }

  async #prepare(spec: SessionSpec): Promise<PreparedModel> {
    const { weightsCache, env } = this.#options;
    if (weightsCache === undefined) return { spec, reason: 'no cache folder is set' };
    return prepareWeights(spec, { ...weightsCache, env });
  }

  #place(name: string): PoolWorker {
    const events = {
      onFree: (worker: PoolWorker) => this.#feed(worker),
      onLost: (worker: PoolWorker, reason: string) => this.#lost(worker, reason),
    };
    return new PoolWorker({ name, entry: this.#entry, events });
  }

  /** The CPU workers with the fewest sessions. */
  #quietest(instances: number | 'auto'): PoolWorker[] {
    const count = instances === 'auto' ? this.#cpu.length : Math.min(Math.max(1, instances), this.#cpu.length);
    return [...this.#cpu].sort((a, b) => a.held.size - b.held.size).slice(0, count);
  }

  async #gpuWorker({ provider, deviceId }: SessionSpec): Promise<PoolWorker> {
    const name = provider === 'webgpu' ? provider : `gpu-${deviceId}`;
    const known = this.#gpu.get(name);
    if (known !== undefined) return known;
    const worker = this.#place(name);
    this.#gpu.set(name, worker);
    await worker.start();
    return worker;
  }

  #wake(session: PoolSession): void {
    this.#hungry.add(session);
    for (let worker = session.findFreeWorker(); worker !== undefined; worker = session.findFreeWorker()) {
      if (!this.#serve(worker, session)) return;
    }
    const isOver = this.#gaveUp !== undefined || this.#closing !== undefined;
    if (session.isAbandoned || (session.isHomeless && isOver)) this.#rejectAll(session);
  }

  /** Gives a free worker the next run of the session that was served longest ago. */
  #feed(worker: PoolWorker): void {
    for (const session of this.#hungry) {
      if (worker.held.has(session.number) && this.#serve(worker, session)) return;
    }
  }

  #serve(worker: PoolWorker, session: PoolSession): boolean {
    this.#hungry.delete(session);
    const pending = session.next(session.freeWorkers);
    if (pending === undefined) return false;
    this.#hungry.add(session);
    worker.give(session.taskOf(pending));
    return true;
  }

  #forget(session: PoolSession): void {
    this.#hungry.delete(session);
    this.#sessions.delete(session);
  }

  #lost(worker: PoolWorker, reason: string): void {
    this.#options.events?.onWorkerLost?.({ worker: worker.name, reason });
    if (this.#closing !== undefined) return;
    this.#lossesMs.push(performance.now());
    const decision = decideRespawn(this.#lossesMs, this.#options.respawn ?? defaultRespawnPolicy);
    if (decision.kind === 'give-up') {
      this.#gaveUp ??= `${decision.reason}; the last one because of: ${reason}`;
      this.#rejectHomeless();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#restart(worker);
    }, decision.delayMs);
    this.#timers.add(timer);
  }

  async #restart(worker: PoolWorker): Promise<void> {
    if (this.#closing !== undefined || this.#gaveUp !== undefined) return;
    this.#restarts += 1;
    const sessions = [...this.#sessions].filter(({ workers }) => workers.includes(worker));
    const started = worker.start();
    const loads = sessions.map((session) => session.loadOn(worker));
    const results = await Promise.allSettled([started, ...loads]);
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    if (worker.state === 'lost') return;
    for (const session of sessions) this.#wake(session);
    this.#options.events?.onWorkerRestarted?.({ worker: worker.name, failures });
  }

  #rejectHomeless(): void {
    for (const session of this.#sessions) if (session.isHomeless) this.#rejectAll(session);
  }

  #rejectAll(session: PoolSession): void {
    this.#hungry.delete(session);
    const error =
      this.#closing === undefined
        ? new AppError(
            'WORKER_LOST',
            `No worker holds ${session.spec.logId}: ${this.#gaveUp ?? 'they were lost and it did not load again'}`,
          )
        : new AppError('SHUTTING_DOWN', 'The workers are stopping.');
    for (let pending = session.next(1); pending !== undefined; pending = session.next(1)) pending.reject(error);
  }

  #watch(limitMs: number): void {
    const nowMs = performance.now();
    for (const worker of [...this.#cpu, ...this.#gpu.values()]) {
      const { running } = worker;
      if (running === undefined || nowMs - running.sinceMs <= limitMs) continue;
      const session = [...this.#sessions].find(({ number }) => number === running.session)?.spec.logId ?? 'unloaded';
      this.#options.events?.onStuck?.({ worker: worker.name, session, runningMs: nowMs - running.sinceMs });
    }
  }

  #refuseWhenClosing(): void {
    if (this.#closing !== undefined) throw new AppError('SHUTTING_DOWN', 'The workers are stopping.');
  }
}
