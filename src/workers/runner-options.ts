import type { WeightsCacheOptions } from '../engine/weights/weights-cache.js';
import type { ProviderName } from '../model/config.js';
import type { InlineOptions, InlineWatch } from './inline/inline-session.js';
import type { WideChange } from './wide/wide-session.js';
import type { WorkerState } from './pool-worker.js';
import type { RespawnPolicy } from './respawn.js';
import type { RunJournal } from './run-journal.js';

/** What a pool is made of. */
export interface RunnerOptions {
  /** Worker threads of the CPU. Each GPU gets one more when its first model is loaded. */
  readonly workers: number;
  /** The main thread's environment: telemetry is turned off in it before the first thread starts. */
  readonly env: NodeJS.ProcessEnv;
  /** Where optimised copies of models are kept, so that workers share the weights; without it each has its own. */
  readonly weightsCache?: Omit<WeightsCacheOptions, 'env'>;
  readonly events?: RunnerEvents;
  readonly respawn?: RespawnPolicy;
  /** The longest that one run may take; then its process is killed, or `onStuck` is called where it runs in a thread. 0: no limit. */
  readonly runLimitMs?: number;
  /** Runs that cost less than handing them over run on the calling thread, and `watch` sees them; without it none do. */
  readonly inline?: { readonly watch: InlineWatch | undefined };
  /** Threads of a lone run of a model that is faster with them than with those of one worker; without it such runs have no more than others. */
  readonly wideThreads?: number;
  /** Is told what runs in this process; removed when the runner is closed. */
  readonly journal?: RunJournal;
  /** Memory that a process of a model that runs apart on the CPU may have, by the bytes of its files; what it cannot get fails its run. Without it: any. */
  readonly processMemory?: (fileBytes: number) => number;
  /** How long a worker may take to end whose device was lost; 30 s unless told otherwise. */
  readonly stopLimitMs?: number;
  /** The thread's and the process's entry files; those beside this file unless told otherwise. */
  readonly entry?: URL;
  readonly processEntry?: URL;
}

/** What a log is told. */
export interface RunnerEvents {
  readonly onWorkerLost?: (event: { readonly worker: string; readonly reason: string }) => void;
  readonly onWorkerRestarted?: (event: { readonly worker: string; readonly failures: readonly string[] }) => void;
  /** A run found that a GPU computes nothing any more: its worker is filled anew, and its models are loaded again. */
  readonly onDeviceLost?: (loss: DeviceLoss) => void;
  /** That did not help: its models are given up, and this process does not get the GPU back by itself. */
  readonly onDeviceGone?: (loss: DeviceLoss) => void;
  /** Cheap runs of a session begin or end to run on the calling thread. */
  readonly onInline?: InlineOptions['onChange'];
  /** Lone runs of a session begin or end to take the threads of all workers. */
  readonly onWide?: (event: WideChange) => void;
  /** Threads were lost too often and are not started any more: the process has to be killed and started again. */
  readonly onGivenUp?: (event: { readonly reason: string }) => void;
  /** A run passed its limit. Nothing can cancel it: the process has to be killed (SIGKILL) and started again. */
  readonly onStuck?: (event: { readonly worker: string; readonly session: string; readonly runningMs: number }) => void;
}

/** A GPU that was lost. */
export interface DeviceLoss {
  readonly worker: string;
  readonly provider: ProviderName;
  readonly deviceId: number;
  readonly reason: string;
}

/** What a runner does at the moment. */
export interface RunnerStatus {
  readonly runtimeVersion: string;
  readonly workers: readonly { readonly name: string; readonly state: WorkerState; readonly sessions: number }[];
  readonly busyWorkers: number;
  readonly restarts: number;
  /** Runs on the calling thread so far, and the requests that they answered. */
  readonly inlineRuns: number;
  readonly inlineRequests: number;
  /** How often a run was left to the workers just because its turn of the event loop had no time left. */
  readonly inlineFullTurns: number;
  /** Runs so far that had the threads of all workers. */
  readonly wideRuns: number;
  /** Models whose session for such runs could not be loaded. */
  readonly wideFailures: number;
  /** False when workers were lost too often and are not started any more. */
  readonly healthy: boolean;
  readonly reason?: string;
}
