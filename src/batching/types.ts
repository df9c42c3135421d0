import type { BatchingConfig } from '../model/config.js';
import type { JoiningFault } from './watch/repeat.js';
import type { WatchOptions } from './watch/watch.js';
import type { RunTiming } from '../workers/link/link.js';
import type { InlineRuns, NextRun } from '../workers/runner.js';
import type { NamedTensors } from '../tensor/tensor.js';

/** A request as it waits: tensors already checked against the model. */
export interface QueuedRequest {
  readonly inputs: NamedTensors;
  /** Outputs wanted, in the model's order. */
  readonly outputs: readonly string[];
  /** Rows: the first dimension of every input; 1 where the model has no batch dimension. */
  readonly rows: number;
  /** It shares no run: some of its inputs hold no rows. */
  readonly isAlone?: true;
  /** An input holds image files, which a worker decodes. */
  readonly hasFiles?: true;
  /** 0 = default (the lowest), 1 = highest, 2 next, ... */
  readonly priority: number;
  /** Longest time in the queue in milliseconds; 0 = the model's own limit, Infinity = none. */
  readonly queueTimeoutMs: number;
  /** The client left: queued work is dropped, running work finishes unheard. */
  readonly signal?: AbortSignal;
  /** Names the request to `onTracedRun`; of no meaning here. */
  readonly trace?: object | undefined;
}

/** Where the time went, in milliseconds. */
export interface InferTimings {
  readonly queueMs: number;
  readonly inputMs: number;
  readonly computeMs: number;
  readonly outputMs: number;
  /** Decoding of images by the worker, before `inputMs`. */
  readonly decodeMs?: number;
}

/** What a request gets back from its run. */
export interface InferResult {
  /** Just this request's rows. The data may be views on a shared run's output: do not transfer them. */
  readonly outputs: NamedTensors;
  readonly timings: InferTimings;
  /** As of a run's outcome; of several runs all of them. */
  readonly device?: string | undefined;
  /** Rows in the run that served it, padding excluded, and requests in it. */
  readonly batchRows: number;
  readonly batchRequests: number;
}

/** One finished run, for statistics. */
export interface RunRecord {
  /** Rows of the requests, padding excluded. */
  readonly rows: number;
  readonly rowsToRun: number;
  readonly requests: number;
  readonly timing: RunTiming;
  /** As of a run's outcome. */
  readonly device: string | undefined;
}

/** One run as its requests' traces tell of it; times by the batcher's clock. */
export interface TracedRun {
  readonly requests: readonly TracedRequest[];
  /** Rows of the requests, padding excluded. */
  readonly rows: number;
  readonly rowsToRun: number;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Undefined where the run failed. */
  readonly timing: RunTiming | undefined;
  /** Where the model is on several devices: the one that computed. */
  readonly device: string | undefined;
}

/** A request of a run, as its trace needs it. */
export interface TracedRequest {
  readonly trace: object | undefined;
  readonly enqueuedMs: number;
}

/** What of a run tells whether its requests had company. */
export interface SharedRun {
  readonly requests: readonly unknown[];
  readonly rows: number;
  readonly rowsToRun: number;
}

/** What the batcher of a model needs. */
export interface BatcherOptions {
  /** Name for messages. */
  readonly model: string;
  readonly config: BatchingConfig;
  /** Says that `next` may have something to run; `next` may be called from within. */
  readonly wake: () => void;
  readonly hasFreeWorker: () => boolean;
  /** Where cheap runs may happen on this thread. */
  readonly inline?: Omit<InlineRuns, 'note'> | undefined;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly onRun?: (record: RunRecord) => void;
  /** Called before the requests of a run are answered, where their traces are wanted. */
  readonly onTracedRun?: ((run: TracedRun) => void) | undefined;
  /** A shared run failed, and its requests are repeated one by one. */
  readonly onRepeat?: () => void;
  /** Joining went wrong: `config` says from now on that batching is off. Called once. */
  readonly onJoiningFault?: (fault: JoiningFault) => void;
  /** How shared runs are checked; they are not where this is left out. */
  readonly watch?: WatchOptions;
}

/** The queue of one model version. */
export interface Batcher {
  /**
   * Waits for a run and answers the request's own rows. Rejects with QUEUE_FULL, QUEUE_TIMEOUT, CLIENT_GONE,
   * SHUTTING_DOWN, or with what the run failed with.
   */
  enqueue(request: QueuedRequest): Promise<InferResult>;
  readonly next: NextRun;
  /** As it is now: `maxRows` turns 0 where joining goes wrong. */
  readonly config: BatchingConfig;
  /** Refuses new requests, stops waiting for company, and resolves when the last request is answered. */
  drain(): Promise<void>;
  readonly queuedRows: number;
  readonly isDraining: boolean;
}
