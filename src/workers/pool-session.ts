import type { SessionSpec } from '../engine/engine.js';
import type { PreparedModel } from '../engine/weights/weights-cache.js';
import { fingerprint } from '../engine/weights/weights-key.js';
import { AppError, messageOf } from '../errors.js';
import { msOf, type InlineSession, type InlineSubject } from './inline/inline-session.js';
import type { FromWorker, ToWorker } from './link/link.js';
import { SessionDevices } from './places.js';
import type { PoolWorker, Task } from './pool-worker.js';
import { limitProcesses } from './processes/process-limit.js';
import { endUnwanted } from './processes/unwanted.js';
import { describeWork, type RunPhase, type Work } from './run-journal.js';
import { decodeRan, encodeRun } from './run-codec.js';
import type { LoneRun, WideSession, WideSubject, WideThreads } from './wide/wide-session.js';
import type { LoadedSession, LoadOptions, PendingRun, RunJob, RunnerSession, RunOutcome } from './runner.js';

/** A failure with the GPU that it happened on. */
function onGpu(error: unknown, { deviceId }: PoolWorker): Error {
  if (!(error instanceof AppError)) return error instanceof Error ? error : new Error(messageOf(error));
  if (deviceId === undefined) return error;
  return new AppError(error.code, `On GPU ${deviceId}: ${error.message}`, { details: error.details, cause: error });
}

type Loaded = Extract<FromWorker, { kind: 'loaded' }>;
type LoadMessage = Extract<ToWorker, { kind: 'load' }>;
type Ran = string | Extract<FromWorker, { kind: 'ran' }>;

/** The longest that a process may take to load a model, unless told otherwise: folding constants may never end. */
const defaultLoadLimitMs = 120_000;

/** The same in a thread, which ends with the server alone; GPUs may build their engines for many minutes. */
const threadLoadLimitMs = 30 * 60_000;

/** What a session needs of its pool. */
export interface SessionOwner {
  /** Most runs of sessions on the CPU that there are at once. */
  readonly threads: number;
  readonly wake: (session: PoolSession) => void;
  readonly forget: (session: PoolSession) => void;
  /** The workers have let the session go. */
  readonly release: (session: PoolSession) => Promise<void>;
  /** A thread does not come back from what it does. */
  readonly stuck: (reason: string) => void;
  /** A run of the session found that its device computes nothing any more. */
  readonly deviceLost: (session: PoolSession, worker: PoolWorker, reason: string) => void;
}

/** One loaded model in the pool: the workers that are to hold it, and where its work comes from. */
export class PoolSession implements RunnerSession {
  readonly number: number;
  readonly spec: SessionSpec;
  readonly options: LoadOptions;
  /** Places that hold the session or will again once their thread is back. */
  readonly workers: readonly PoolWorker[];
  /** Set once the session is loaded, where its cheap runs may run on this thread. */
  inline: InlineSession | undefined;
  /** The same for lone runs that may take the threads of all workers. */
  wide: WideSession | undefined;
  readonly work: Readonly<Record<RunPhase, Work>>;
  readonly #owner: SessionOwner;
  #loaded: Omit<LoadedSession, 'devices'> | undefined;
  readonly #devices: SessionDevices;
  #prepared: PreparedModel;
  #isUnloaded = false;
  readonly #keepUnwanted: () => void;
  #loads = 0;
  #fingerprint: string | undefined;
  #lost: string | undefined;

  constructor(options: {
    readonly number: number;
    readonly spec: SessionSpec;
    readonly prepared: PreparedModel;
    readonly options: LoadOptions;
    readonly workers: readonly PoolWorker[];
    readonly owner: SessionOwner;
  }) {
    this.number = options.number;
    this.spec = options.spec;
    this.#prepared = options.prepared;
    this.options = options.options;
    this.workers = options.workers;
    this.#devices = new SessionDevices(options.workers);
    this.work = describeWork(options.number, options.options.journalAs ?? options.spec.logId);
    this.#owner = options.owner;
    this.#keepUnwanted = endUnwanted(options.workers, this.options.signal);
  }

  get loaded(): LoadedSession {
    if (this.#loaded === undefined) throw new AppError('INTERNAL', `Session ${this.number} is not loaded yet.`);
    return { ...this.#loaded, devices: this.#devices.names };
  }

  /** Why no worker will hold the session again; undefined while one does or may. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** Gives the session up: its runs are refused with the reason from now on. */
  giveUp(reason: string): void {
    if (this.#lost !== undefined || this.#isUnloaded) return;
    this.#lost = reason;
    this.options.onLost?.(reason);
  }

  wake(): void {
    this.#owner.wake(this);
  }

  hasFreeWorker(): boolean {
    return this.findFreeWorker() !== undefined;
  }

  findFreeWorker(): PoolWorker | undefined {
    return this.workers.find((worker) => this.#mayTake(worker));
  }

  /** Workers that hold the session and have nothing to do. */
  get freeWorkers(): number {
    let count = 0;
    for (const worker of this.workers) if (this.#mayTake(worker)) count += 1;
    return count;
  }

  #mayTake(worker: PoolWorker): boolean {
    return this.#lost === undefined && worker.isFree && worker.held.has(this.number);
  }

  /** What runs on the calling thread load, and are called. */
  get inlineSubject(): InlineSubject {
    return { number: this.number, spec: this.#prepared.spec, inputs: this.loaded.inputs, work: this.work };
  }

  /** What lone runs take the threads of all workers for. */
  get wideSubject(): WideSubject {
    return { spec: this.spec, inputs: this.loaded.inputs, load: (...how) => this.#loadWide(...how) };
  }

  /** Whether no worker holds the session now. */
  get isUnheld(): boolean {
    return !this.workers.some(({ held }) => held.has(this.number));
  }

  /** Whether no worker holds the session and none is on its way to: its reload failed. */
  get isAbandoned(): boolean {
    const areUp = this.workers.every(({ state }) => state === 'idle' || state === 'busy');
    return this.isUnheld && this.#loads === 0 && areUp;
  }

  /** Loads the session on one of its workers; where the optimised copy does not load, the model itself. */
  async loadOn(worker: PoolWorker): Promise<void> {
    const { spec } = this.#prepared;
    this.#loads += 1;
    try {
      await this.#load(worker, spec);
    } catch (error) {
      if (spec === this.spec || (error instanceof AppError && error.code === 'WORKER_LOST')) throw error;
      this.#prepared = { spec: this.spec, reason: `not shared: ${messageOf(error)}` };
      await this.#load(worker, this.spec);
    } finally {
      this.#loads -= 1;
    }
  }

  async #load(worker: PoolWorker, spec: SessionSpec): Promise<void> {
    const { inputs, outputs, placement } = await this.#loadAs(worker, { session: this.number, spec });
    if (this.#isUnloaded) return unloadOn(worker, this.number);
    this.#devices.note(worker, placement.device);
    const weights = { shared: spec.optimised, reason: this.#prepared.reason };
    const apart = this.options.apart ?? false;
    const { decodesFiles } = this;
    this.#loaded ??= { inputs, outputs, placement, instances: this.workers.length, apart, decodesFiles, weights };
  }

  /** Loads the model once more on the worker that lone runs get, as the session that has this number, with other threads. */
  async #loadWide(session: number, threads: WideThreads): Promise<void> {
    const [worker] = this.workers;
    if (this.#prepared.isLight !== true) throw new AppError('ENGINE_FAILED', this.#prepared.reason);
    if (worker?.held.has(this.number) !== true) throw new AppError('WORKER_LOST', 'its worker does not hold it now');
    await this.#loadAs(worker, { session, spec: { ...this.#prepared.spec, ...threads }, beside: this.number });
  }

  async #loadAs(worker: PoolWorker, as: Omit<LoadMessage, 'kind' | 'image'>): Promise<Loaded> {
    await this.#checkFile(as.spec);
    const limitMs = this.options.trial?.loadLimitMs ?? (worker.isProcess ? defaultLoadLimitMs : threadLoadLimitMs);
    const pids = worker.pid === undefined ? [] : [worker.pid];
    const onOver = (): void => {
      const what = `loading took longer than ${limitMs / 1000} s`;
      if (!worker.kill(what, 'limit')) this.#owner.stuck(`${what}: ${this.spec.logId} on ${worker.name}`);
    };
    const unlimit = limitProcesses(pids, { limitMs, onOver });
    const loaded = await new Promise<Loaded>((resolve, reject) => {
      const { image } = this.options;
      const spec = { ...as.spec, deviceId: worker.deviceId ?? as.spec.deviceId };
      const message = { ...as, kind: 'load', spec, ...(image && { image }) } as const;
      const fail = (error: unknown): void => reject(onGpu(error, worker));
      worker.submit({ message, work: this.work.loading, reject: fail, resolve: (answer) => resolve(answer as Loaded) });
    }).finally(unlimit);
    worker.held.add(as.session);
    return loaded;
  }

  /** Where runs take one thread each and are as many at once as there may be, nothing would be faster beside them. */
  get decodesFiles(): boolean {
    const { provider, intraOpThreads } = this.spec;
    const isPlain = this.options.image !== undefined && provider === 'cpu' && intraOpThreads === 1;
    return isPlain && this.workers.length >= this.#owner.threads;
  }

  /** All workers hold the same model: one that comes back later must not take up a file that has changed. A copy in the cache has not. */
  async #checkFile({ optimised }: SessionSpec): Promise<void> {
    const { modelPath } = this.spec;
    const now = await fingerprint([modelPath]).catch(() => 'missing');
    this.#fingerprint ??= now;
    if (this.#fingerprint === now || optimised) return;
    throw new AppError('MODEL_INVALID', `${modelPath} changed on disk since it was loaded: load the model again.`);
  }

  runOn(instance: number, job: RunJob): Promise<RunOutcome> {
    const worker = this.workers[instance];
    if (worker === undefined) {
      return Promise.reject(new RangeError(`Instance ${instance} of ${this.workers.length} does not exist.`));
    }
    const work = this.work.warming;
    return new Promise((resolve, reject) => worker.submit({ ...this.taskOf({ job, resolve, reject }, worker), work }));
  }

  runIfFree(job: RunJob): Promise<RunOutcome> | undefined {
    const worker = this.findFreeWorker();
    if (worker === undefined) return undefined;
    return new Promise((resolve, reject) => worker.give(this.taskOf({ job, resolve, reject }, worker)));
  }

  /** A run as a task of one of its workers, which may be alone there. */
  taskOf({ job, resolve, reject }: PendingRun, worker: PoolWorker, lone?: LoneRun): Task {
    const device = this.#devices.find(worker);
    const session = lone?.isWide === true && this.wide !== undefined ? this.wide.number : this.number;
    const { message, transfer } = encodeRun(session, job);
    return {
      message,
      transfer,
      runs: this.number,
      work: this.work.running,
      reject: (error, requests) => {
        this.#noteLoss(error, worker);
        reject(
          error,
          requests?.map((pairs) => new Map(pairs)),
        );
      },
      resolve: (answer) => {
        const ran = decodeRan(answer as Ran);
        const outcome = device === undefined ? ran : { ...ran, device };
        this.#noteCost(job, outcome);
        lone?.end(outcome.timing.computeNs / 1e6);
        resolve(outcome);
      },
    };
  }

  /** A trial's process is its own: what it loses nobody else has lost. */
  #noteLoss(error: unknown, worker: PoolWorker): void {
    const isLoss = error instanceof AppError && error.details['isDeviceLost'] === true;
    if (!isLoss || this.spec.provider === 'cpu' || this.options.trial !== undefined) return;
    this.#owner.deviceLost(this, worker, error.message);
  }

  #noteCost({ requests, rows }: RunJob, outcome: RunOutcome): void {
    const [inputs] = requests;
    if (inputs !== undefined) this.inline?.note({ inputs, rows, requests: requests.length }, msOf(outcome));
  }

  limitProcesses(limitMs: number, reason: string): () => void {
    const pids = this.workers.flatMap(({ pid }) => pid ?? []);
    const onOver = (): void => {
      for (const worker of this.workers) worker.kill(reason, 'limit');
    };
    return limitProcesses(pids, { limitMs, onOver });
  }

  async unload(): Promise<void> {
    this.#isUnloaded = true;
    this.#keepUnwanted();
    this.#owner.forget(this);
    await this.inline?.close();
    await this.wide?.settled();
    const numbers = this.wide === undefined ? [this.number] : [this.wide.number, this.number];
    for (const number of numbers) await Promise.all(this.workers.map((worker) => unloadOn(worker, number)));
    await this.#owner.release(this);
  }
}

/** A worker that is lost has released everything already. */
async function unloadOn(worker: PoolWorker, session: number): Promise<void> {
  if (!worker.held.delete(session)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => resolve();
    worker.submit({ message: { kind: 'unload', session }, resolve: done, reject: done });
  });
}
