import type { SessionSpec } from '../engine/engine.js';
import { prepareWeights, type PreparedModel } from '../engine/weights/weights-cache.js';
import { disableTelemetry } from '../engine/telemetry.js';
import { AppError, messageOf } from '../errors.js';
import { InlineSessions } from './inline/inline-session.js';
import { PoolSession } from './pool-session.js';
import { LostDevices, type Devices } from './lost-devices.js';
import { Places } from './places.js';
import type { PoolWorker, WorkerLoss } from './pool-worker.js';
import { decideRespawn, defaultRespawnPolicy, type Loss } from './respawn.js';
import { processLink } from './processes/process-link.js';
import { refuseUnwanted, unwantedReason } from './processes/unwanted.js';
import type { LoadOptions, Runner, RunnerSession } from './runner.js';
import type { RunnerOptions, RunnerStatus } from './runner-options.js';
import { threadLink } from './link/mailbox.js';
import { WideSessions } from './wide/wide-session.js';

export type { RunnerOptions } from './runner-options.js';

/** A runner whose threads can be seen and ended. */
export interface RunnerPool extends Runner {
  status(): RunnerStatus;
  /** The GPUs that its sessions compute on. */
  readonly devices: Devices;
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
  readonly devices: LostDevices;
  readonly #options: RunnerOptions;
  readonly #places: Places;
  readonly #sessions = new Set<PoolSession>();
  /** Sessions that may have work, the one served longest ago first. */
  readonly #waiting = new Set<PoolSession>();
  /** Of threads; a process keeps its own. */
  readonly #losses: Loss[] = [];
  readonly #inline: InlineSessions;
  readonly #wide: WideSessions;
  #restarts = 0;
  #numbers = 0;
  #runtimeVersion = '';
  #gaveUp: string | undefined;
  #closing: Promise<void> | undefined;
  #timers = new Set<NodeJS.Timeout>();

  /** A thread that neither starts, nor comes back from loading, holds its place for ever: another process has to be started. */
  readonly #stuck = (reason: string): void => this.#options.events?.onGivenUp?.({ reason });

  constructor(options: RunnerOptions) {
    this.#options = options;
    const { env, processEntry, processMemory } = options;
    const entry = processEntry ?? new URL('./host/worker-process.js', import.meta.url);
    this.#places = new Places({
      threads: options.workers,
      openThread: threadLink(options.entry ?? new URL('./host/worker.js', import.meta.url)),
      openProcess: (how) => processLink(entry, env, how),
      processMemory,
      events: { onFree: (worker) => this.#feed(worker), onLost: (worker, loss) => this.#lost(worker, loss) },
      journal: options.journal,
    });
    this.devices = new LostDevices({
      ...options,
      stuck: this.#stuck,
      restart: (worker) => this.#restart(worker),
      isApart: (worker) => this.#places.isApart(worker),
      serving: this.#sessions,
      giveUp: (session, reason) => this.#giveUp(session, reason),
    });
    this.#inline = new InlineSessions({ ...options, onChange: (event) => options.events?.onInline?.(event) });
    this.#wide = new WideSessions(options.wideThreads, (event) => options.events?.onWide?.(event));
    options.journal?.sweepEvery(1000);
    const limitMs = options.runLimitMs ?? 0;
    if (limitMs > 0) this.#timers.add(setInterval(() => this.#watch(limitMs), Math.max(10, limitMs / 4)).unref());
  }

  async start(): Promise<void> {
    this.#runtimeVersion = await this.#places.start();
  }

  async load(spec: SessionSpec, options: LoadOptions): Promise<RunnerSession> {
    this.#refuseUnwanted(options);
    const prepared = await this.#prepare({ ...spec, arena: !options.apart || spec.provider !== 'cpu' }, options);
    this.#refuseUnwanted(options);
    const workers = await this.#places.choose(spec, options);
    await this.devices.settled(workers);
    const owner = {
      threads: this.#options.workers,
      wake: (woken: PoolSession) => this.#wake(woken),
      forget: (gone: PoolSession) => this.#forget(gone),
      release: (gone: PoolSession) => this.#places.close(gone.workers),
      stuck: this.#stuck,
      deviceLost: (...loss: Parameters<LostDevices['note']>) => this.devices.note(...loss),
    };
    const session = new PoolSession({ number: (this.#numbers += 1), spec, prepared, options, workers, owner });
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
    this.devices.back(workers);
    if (options.trial === undefined) this.#sessions.add(session);
    if (options.mayRunInline === true && options.apart !== true && spec.provider === 'cpu')
      session.inline = this.#inline.open(session.inlineSubject);
    if (options.mayRunWide === true && options.apart !== true && spec.mayRun !== false)
      session.wide = this.#wide.open(session.wideSubject, (this.#numbers += 1));
    return session;
  }

  status(): RunnerStatus {
    const places = this.#places.all;
    return {
      runtimeVersion: this.#runtimeVersion,
      workers: places.map(({ name, state, held }) => ({ name, state, sessions: held.size })),
      busyWorkers: places.filter(({ isWorking }) => isWorking).length,
      restarts: this.#restarts,
      ...this.#inline.counts,
      ...this.#wide.counts,
      healthy: this.#gaveUp === undefined,
      ...(this.#gaveUp === undefined ? {} : { reason: this.#gaveUp }),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#places.stop().then(() => {
      for (const timer of this.#timers) clearTimeout(timer);
      for (const session of this.#sessions) if (session.isUnheld) this.#rejectAll(session);
      this.#options.journal?.remove();
      return this.#options.inline?.watch?.close();
    });
    return this.#closing;
  }

  /** A copy is run when it is made: what may never end has no copy. */
  async #prepare(spec: SessionSpec, { apart = false, trial, signal }: LoadOptions): Promise<PreparedModel> {
    const { weightsCache: cache, env } = this.#options;
    if (apart || trial !== undefined) return { spec, reason: 'each of its processes holds its own' };
    if (cache === undefined) return { spec, reason: 'no cache folder is set' };
    return prepareWeights(spec, { ...cache, env, signal });
  }

  #wake(session: PoolSession): void {
    this.#waiting.add(session);
    for (let worker = session.findFreeWorker(); worker !== undefined; worker = session.findFreeWorker())
      if (!this.#serve(worker, session)) return;
    const isOver = session.lost !== undefined || (session.isUnheld && this.#closing !== undefined);
    if (session.isAbandoned || isOver) this.#rejectAll(session);
  }

  /** Gives a free worker the next run of the session that was served longest ago. */
  #feed(worker: PoolWorker): void {
    for (const session of this.#waiting) {
      if (worker.held.has(session.number) && this.#serve(worker, session)) return;
    }
  }

  #serve(worker: PoolWorker, session: PoolSession): boolean {
    this.#waiting.delete(session);
    const pending = session.options.next(session.freeWorkers);
    if (pending === undefined) return false;
    this.#waiting.add(session);
    const lone = session.wide?.begin(pending.job, worker, () => this.#places.isAlone(worker));
    worker.give(session.taskOf(pending, worker, lone));
    return true;
  }

  #forget(session: PoolSession): void {
    this.#waiting.delete(session);
    this.#sessions.delete(session);
  }

  #lost(worker: PoolWorker, loss: WorkerLoss): void {
    const { events, respawn = defaultRespawnPolicy } = this.#options;
    const [{ reason, cause }, isTrial] = [loss, this.#places.isTrial(worker)];
    // What nobody waits for was ended, not lost.
    if (reason !== unwantedReason && (!isTrial || cause !== 'asked'))
      events?.onWorkerLost?.({ worker: worker.name, reason });
    if (this.#closing !== undefined || isTrial) return;
    const isApart = this.#places.isApart(worker);
    if (isApart && this.#isGivenUp(loss)) return;
    if (!isApart) this.#losses.push({ atMs: performance.now(), isRequestFault: false });
    const decision = decideRespawn(isApart ? worker.losses : this.#losses, respawn);
    if (decision.kind === 'give-up') {
      const why = `${decision.reason}; the last one because of: ${reason}`;
      if (!isApart && this.#gaveUp === undefined) {
        this.#gaveUp = why;
        events?.onGivenUp?.({ reason: why });
      }
      this.#giveUpUnheld(why, isApart ? [worker] : this.#places.threads);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#restart(worker);
    }, decision.delayMs);
    this.#timers.add(timer);
  }

  /** Whether the session that a process of its own ended with is not to have another one. */
  #isGivenUp({ work, reason, cause }: WorkerLoss): boolean {
    const session = [...this.#sessions].find((each) => each.number === work?.session);
    // Whoever warms a session up hears of it by its run, and an output that memory does not hold is its request's fault.
    const isBlamed = work?.phase === 'loading' || (work?.phase === 'running' && cause !== 'memory');
    const verdict =
      isBlamed && cause !== 'asked' ? session?.options.onFault?.({ reason, phase: work.phase, cause }) : undefined;
    if (verdict === undefined) return session?.lost !== undefined;
    session?.giveUp(verdict);
    session?.wake();
    return true;
  }

  #giveUp(session: PoolSession, reason: string): void {
    session.giveUp(reason);
    this.#rejectAll(session);
  }

  /** Fills a place anew and loads its sessions again; answers what failed. */
  async #restart(worker: PoolWorker): Promise<readonly string[]> {
    const isApart = this.#places.isApart(worker);
    const sessions = [...this.#sessions].filter(({ workers }) => workers.includes(worker));
    // Its session may have been unloaded since, and its place closed.
    const isOver = this.#closing !== undefined || !worker.isEmpty || !this.#places.all.includes(worker);
    if (isOver || (!isApart && this.#gaveUp !== undefined)) return [];
    this.#restarts += 1;
    const started = worker.start();
    started.catch((error: unknown) => worker.state === 'starting' && this.#stuck(messageOf(error)));
    const loads = sessions.map((session) => session.loadOn(worker));
    const results = await Promise.allSettled([started, ...loads]);
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    if (results[0].status === 'rejected') return failures;
    for (const session of sessions) {
      if (session.isAbandoned) session.giveUp(`it did not load again: ${failures.join('; ')}`);
      this.#wake(session);
    }
    this.#options.events?.onWorkerRestarted?.({ worker: worker.name, failures });
    return failures;
  }

  /** Gives up the sessions that only these places would have held again. */
  #giveUpUnheld(reason: string, places: readonly PoolWorker[]): void {
    for (const session of this.#sessions) {
      const isTheirs = session.workers.every((place) => places.includes(place) || place.state === 'lost');
      if (session.isUnheld && isTheirs) this.#giveUp(session, reason);
    }
  }

  #rejectAll(session: PoolSession): void {
    this.#waiting.delete(session);
    const why = session.lost ?? 'they were lost and it did not load again';
    const error =
      this.#closing === undefined
        ? new AppError('WORKER_LOST', `No worker holds ${session.spec.logId}: ${why}`)
        : new AppError('SHUTTING_DOWN', 'The workers are stopping.');
    const { next } = session.options;
    for (let pending = next(1); pending !== undefined; pending = next(1)) pending.reject(error);
  }

  #watch(limitMs: number): void {
    for (const { worker, running } of this.#places.endLongRuns(limitMs)) {
      const session = [...this.#sessions].find(({ number }) => number === running.session)?.spec.logId ?? 'unloaded';
      const runningMs = performance.now() - running.sinceMs;
      this.#options.events?.onStuck?.({ worker: worker.name, session, runningMs });
    }
  }

  #refuseUnwanted({ signal }: LoadOptions): void {
    refuseUnwanted(signal);
    if (this.#closing !== undefined) throw new AppError('SHUTTING_DOWN', 'The workers are stopping.');
  }
}
