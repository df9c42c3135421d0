import type { Placement, SessionSpec } from '../engine/engine.js';
import { AppError } from '../errors.js';
import type { ImageInput } from '../model/image-input.js';
import type { NamedTensors, TensorSpec } from '../tensor/tensor.js';
import type { RunTiming } from './link/link.js';
import type { LossCause } from './pool-worker.js';
import type { RunPhase } from './run-journal.js';

/** One run for one or more requests that have the same datatypes and row shapes. Buffers of 4 KiB and more move away. */
export interface RunJob {
  readonly requests: readonly NamedTensors[];
  /** Rows to run, padding included; 0 where the model has no batch dimension (then one request). */
  readonly rows: number;
  readonly outputs: readonly string[];
}

/** What a run gave. */
export interface RunOutcome {
  /** Whole outputs, padding rows included. */
  readonly outputs: NamedTensors;
  readonly timing: RunTiming;
  /** Where the session is on several devices: the one that computed. */
  readonly device?: string | undefined;
}

/** What loading found out about a session. */
export interface LoadedSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Of its first instance. */
  readonly placement: Placement;
  /** The devices that its instances compute on, each once. */
  readonly devices: readonly string[];
  /** Workers that hold it. */
  readonly instances: number;
  /** Whether these are processes that hold nothing else. */
  readonly apart: boolean;
  /** Whether runs may bring image files: workers decode them as fast as other threads would. */
  readonly decodesFiles: boolean;
  /** Whether the workers map one copy of the weights, and why (not). */
  readonly weights: { readonly shared: boolean; readonly reason: string };
}

/** Gives the next run when a worker is free, told how many are, or undefined when there is nothing to run now. Called on the main thread. */
export type NextRun = (freeWorkers: number) => PendingRun | undefined;

/** A run that a worker was found for, with who waits for it. */
export interface PendingRun {
  readonly job: RunJob;
  readonly resolve: (outcome: RunOutcome) => void;
  /** `inputs`: those of every request of the job, where they had moved to the worker and came back. */
  readonly reject: (error: unknown, inputs?: readonly NamedTensors[]) => void;
}

/** How many sessions a model gets, and where. */
export interface LoadOptions {
  /** On the CPU. */
  readonly instances: number | 'auto';
  /** The GPU of each instance, which may be there several times; the one of the spec unless told otherwise. */
  readonly deviceIds?: readonly number[];
  readonly next: NextRun;
  /** Runs in processes that hold nothing else: what ends one of them ends no other model. */
  readonly apart?: boolean;
  /** Of the model's files: so much more memory may such a process have. */
  readonly fileBytes?: number;
  /** What a journal calls the model; its `logId` unless told otherwise. */
  readonly journalAs?: string;
  /** A process of the session's own ended with it: answers why the session is to be given up, or undefined where it goes on. */
  readonly onFault?: (fault: ProcessFault) => string | undefined;
  /** Loads into a process that tries models, beside everything that serves, to be unloaded when it is known to be sound. */
  readonly trial?: TrialLimits;
  /** Aborted when nobody waits for the load any more: processes that were started for it are ended, and what comes next of it is refused. */
  readonly signal?: AbortSignal | undefined;
  /** Told once when no worker holds the session and none will again. */
  readonly onLost?: (reason: string) => void;
  /** Whether cheap runs may run on the calling thread: no value of a request may make one slow, or end the process. */
  readonly mayRunInline?: boolean;
  /** Whether lone runs may take the threads of all workers. */
  readonly mayRunWide?: boolean;
  /** Where image files may stand for an input. */
  readonly image?: ImageInput | undefined;
}

/** How a process ended that held one model, while it did something with that. */
export interface ProcessFault {
  readonly reason: string;
  readonly phase: RunPhase;
  readonly cause: Exclude<LossCause, 'asked'>;
}

/** How long a trial may take. */
export interface TrialLimits {
  /** The longest that loading may take, as for `limitProcesses`; then the process is ended. */
  readonly loadLimitMs: number;
}

/**
 * The workers as models see them. Work is pulled: `wake` says that there may be some, and a free worker takes
 * from its sessions in turn, so that rows gather while all workers are busy.
 */
export interface Runner {
  /** Loads a model on up to `instances` workers; rejects with the reason of the first that failed. */
  load(spec: SessionSpec, options: LoadOptions): Promise<RunnerSession>;
}

/** What the cost of a run follows from. */
export interface RunSize {
  /** Those of its first request; the others' have the same datatypes and row shapes. */
  readonly inputs: NamedTensors;
  /** As of a job. */
  readonly rows: number;
  readonly requests: number;
}

/** Runs on the calling thread, for what costs less than handing it to a worker. */
export interface InlineRuns {
  /** Whether anything may run here yet. */
  readonly isOpen: boolean;
  /** Counts a request as it comes, and answers whether requests come one at a time: then it need not wait for others of its turn. */
  arrive(): boolean;
  /** Whether a run may happen here now: it is cheap, and the turn of the event loop has time for it. */
  mayRun(run: RunSize): boolean;
  /** Runs a job and settles it before it returns. */
  run(pending: PendingRun): void;
  /** Notes what a run cost in a worker. */
  note(run: RunSize, ms: number): void;
}

/** A loaded model, ready to run. */
export interface RunnerSession {
  readonly loaded: LoadedSession;
  /** Undefined where every run goes to a worker. */
  readonly inline: InlineRuns | undefined;
  /** Says that `next` may have something to run. */
  wake(): void;
  /** Whether a worker that holds this session is free now. */
  hasFreeWorker(): boolean;
  /** Runs one job on one worker, ahead of the queue: for warm-up and proofs. `instance` counts from 0. */
  runOn(instance: number, job: RunJob): Promise<RunOutcome>;
  /** Runs one job on a worker that has nothing to do, at once; undefined where there is none. */
  runIfFree(job: RunJob): Promise<RunOutcome> | undefined;
  /**
   * Ends the processes of a session that runs apart where what they do takes longer than a limit, until the function that is answered is called;
   * what they run fails with the reason. Time that they wait for a CPU does not count.
   */
  limitProcesses(limitMs: number, reason: string): () => void;
  /** Resolves when every worker released the session; nothing may be queued or running for it. */
  unload(): Promise<void>;
}

/** What a worker says of image files that it cannot decode: another decoder may, or tells what is wrong with them. */
export function undecoded(): AppError {
  const text = 'An image is not a JPEG of the plain kind, or is damaged: another decoder has to read it.';
  return new AppError('INTERNAL', text, { details: { undecoded: true } });
}

/** Whether a run was refused for nothing but that. */
export function isUndecoded(error: unknown): boolean {
  return error instanceof AppError && error.details['undecoded'] === true;
}
