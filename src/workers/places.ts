import type { SessionSpec } from '../engine/engine.js';
import type { OpenLink } from './link/link.js';
import { PoolWorker, type PoolWorkerEvents, type RunningRun } from './pool-worker.js';
import { trialNiceness } from './host/niceness.js';
import type { ProcessOptions } from './processes/process-link.js';
import type { RunJournal } from './run-journal.js';
import type { LoadOptions } from './runner.js';
import { TrialProcesses } from './processes/trial-processes.js';
import { startWanted } from './processes/unwanted.js';

/** Processes of a session that runs apart and does not say how many: each takes some 60 MB. */
const mostApart = 2;

/** How many workers there are, and how they are started. */
export interface PlacesOptions {
  /** Threads of the CPU. A GPU gets as many more as its models have instances there. */
  readonly threads: number;
  readonly openThread: OpenLink;
  readonly openProcess: (how: ProcessOptions) => OpenLink;
  /** What a process of a model on the CPU may have, by the bytes of its files; drivers of GPUs may not like a limit. */
  readonly processMemory: ((fileBytes: number) => number) | undefined;
  readonly events: PoolWorkerEvents;
  readonly journal: RunJournal | undefined;
}

/** At least two, so that a trial that hangs does not stop the next one from beginning at once. */
const fewestTrials = 2;

/** The pool's workers: threads that all sessions share, processes that hold one session each, and those that try models. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #cpu: readonly PoolWorker[];
  readonly #gpu = new Map<string, PoolWorker>();
  readonly #apart = new Set<PoolWorker>();
  readonly #trials: TrialProcesses;
  #processes = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
    this.#cpu = Array.from({ length: options.threads }, (_, index) => this.#makeThread(`cpu-${index}`));
    const { events } = options;
    const open = options.openProcess({ niceness: trialNiceness });
    this.#trials = new TrialProcesses({ most: Math.max(fewestTrials, options.threads), open, events });
  }

  /** Starts the CPU's threads; resolves with the runtime's version. */
  async start(): Promise<string> {
    const [version = ''] = await Promise.all(this.#cpu.map((worker) => worker.start()));
    return version;
  }

  get threads(): readonly PoolWorker[] {
    return [...this.#cpu, ...this.#gpu.values()];
  }

  get all(): readonly PoolWorker[] {
    return [...this.threads, ...this.#apart];
  }

  /** Whether it only tries models: nothing is loaded there again when it is lost. */
  isTrial(place: PoolWorker): boolean {
    return this.#trials.has(place);
  }

  /** Whether nothing runs on any other that serves. */
  isAlone(place: PoolWorker): boolean {
    return this.all.every((each) => each === place || !each.isWorking);
  }

  isApart(place: PoolWorker): boolean {
    return this.#apart.has(place);
  }

  /** The workers for a session: a process for its trial, processes of its own where it is to run apart, else the threads of its device. */
  async choose(spec: SessionSpec, options: LoadOptions): Promise<readonly PoolWorker[]> {
    const { instances, deviceIds = [spec.deviceId], apart = false, fileBytes = 0, trial, signal } = options;
    if (trial !== undefined) return [await this.#trials.acquire(signal)];
    if (spec.provider !== 'cpu') {
      if (apart) return this.#openProcesses(spec, { deviceIds, signal });
      return Promise.all(numberThreads(deviceIds).map((thread) => this.#gpuThread(spec, thread)));
    }
    if (!apart) return this.#quietest(instances);
    const memoryBytes = this.#options.processMemory?.(fileBytes);
    const most = this.#cpu.length;
    const count = instances === 'auto' ? Math.min(most, mostApart) : Math.min(Math.max(1, instances), most);
    const cpus = Array.from({ length: count }, () => spec.deviceId);
    return this.#openProcesses(spec, { deviceIds: cpus, memoryBytes, signal });
  }

  /** Ends the processes among these places; threads stay for other sessions. */
  async close(places: readonly PoolWorker[]): Promise<void> {
    const trials = places.filter((place) => this.#trials.has(place));
    const processes = places.filter((place) => this.#apart.delete(place));
    await Promise.all([
      ...trials.map((place) => this.#trials.release(place)),
      ...processes.map((place) => place.stop()),
    ]);
  }

  /** Lets all finish what they have, and ends them. */
  async stop(): Promise<void> {
    await Promise.all([this.#trials.stop(), ...this.all.map((worker) => worker.stop())]);
  }

  /** Ends processes whose run takes longer than this; answers the threads that have one, which nothing can end. */
  endLongRuns(limitMs: number): readonly { readonly worker: PoolWorker; readonly running: RunningRun }[] {
    const nowMs = performance.now();
    return this.all.flatMap((worker) => {
      const { running } = worker;
      if (running === undefined || nowMs - running.sinceMs <= limitMs) return [];
      // The warm-up in a process has its own limit.
      if (running.phase === 'warming' && worker.isProcess) return [];
      const reason = `a run took longer than the limit of ${limitMs} ms, and its process was ended`;
      return worker.kill(reason, 'limit') ? [] : [{ worker, running }];
    });
  }

  #makeThread(name: string, device: { readonly deviceId?: number } = {}): PoolWorker {
    const { openThread: open, events, journal } = this.#options;
    return new PoolWorker({ name, open, events, ...device, ...(journal === undefined ? {} : { journal }) });
  }

  /** The CPU workers with the fewest sessions. */
  #quietest(instances: number | 'auto'): readonly PoolWorker[] {
    const count = instances === 'auto' ? this.#cpu.length : Math.min(Math.max(1, instances), this.#cpu.length);
    return [...this.#cpu].sort((a, b) => a.held.size - b.held.size).slice(0, count);
  }

  async #gpuThread({ provider }: SessionSpec, { deviceId, earlier }: GpuThread): Promise<PoolWorker> {
    const device = provider === 'webgpu' ? provider : `gpu-${deviceId}`;
    const name = earlier === 0 ? device : `${device}.${earlier + 1}`;
    const known = this.#gpu.get(name);
    if (known !== undefined) return known;
    const worker = this.#makeThread(name, { deviceId });
    this.#gpu.set(name, worker);
    await worker.start();
    return worker;
  }

  /** A process for each of these device numbers. */
  async #openProcesses(
    { logId, provider }: SessionSpec,
    { deviceIds, memoryBytes, signal }: WantedProcesses,
  ): Promise<readonly PoolWorker[]> {
    const places = deviceIds.map((deviceId) => {
      const { openProcess, events } = this.#options;
      const device = provider === 'cpu' ? {} : { deviceId };
      const open = openProcess({ memoryBytes });
      return new PoolWorker({ name: `apart-${(this.#processes += 1)} (${logId})`, open, events, ...device });
    });
    for (const place of places) this.#apart.add(place);
    try {
      await startWanted(places, signal);
    } catch (error) {
      await this.close(places);
      throw error;
    }
    return places;
  }
}

interface WantedProcesses {
  readonly deviceIds: readonly number[];
  readonly memoryBytes?: number | undefined;
  readonly signal: AbortSignal | undefined;
}

interface GpuThread {
  readonly deviceId: number;
  /** How many threads of this GPU there are before it. */
  readonly earlier: number;
}

/** A thread for each of these devices, which may be there several times. */
function numberThreads(deviceIds: readonly number[]): readonly GpuThread[] {
  return deviceIds.map((deviceId, at) => ({
    deviceId,
    earlier: deviceIds.slice(0, at).filter((before) => before === deviceId).length,
  }));
}

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
