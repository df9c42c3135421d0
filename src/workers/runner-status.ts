import type { InlineOptions } from './inline-session.js';
import type { WorkerState } from './pool-worker.js';

/** What a log is told. */
export interface RunnerEvents {
  readonly onWorkerLost?: (event: { readonly worker: string; readonly reason: string }) => void;
  readonly onWorkerRestarted?: (event: { readonly worker: string; readonly failures: readonly string[] }) => void;
  /** Cheap runs of a session begin or end to run on the calling thread. */
  readonly onInline?: InlineOptions['onChange'];
  /** A run passed its limit. Nothing can cancel it: the process has to be killed (SIGKILL) and started again. */
  readonly onStuck?: (event: { readonly worker: string; readonly session: string; readonly runningMs: number }) => void;
}

export interface RunnerStatus {
  readonly runtimeVersion: string;
  readonly workers: readonly { readonly name: string; readonly state: WorkerState; readonly sessions: number }[];
  readonly busyWorkers: number;
  readonly restarts: number;
  /** Runs on the calling thread so far. */
  readonly inlineRuns: number;
  /** False when workers were lost too often and are not started any more. */
  readonly healthy: boolean;
  readonly reason?: string;
}
