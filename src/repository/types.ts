import type { Admission } from '../batching/admission/admission.js';
import type { SequenceEvent, Sequences } from '../batching/sequences/types.js';
import type { InferResult, QueuedRequest, TracedRun } from '../batching/types.js';
import type { Placement } from '../engine/engine.js';
import type { ErrorCode } from '../errors.js';
import type { ModelConfig, OnnxHeader } from '../model/config.js';
import type { TokenizerFile } from '../model/tokenizer-file.js';
import type { RepositoryIndexEntry } from '../protocol/types.js';
import type { TensorSpec } from '../tensor/tensor.js';

/** State of one version of a model. */
export type VersionState =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly model: ServableModel }
  | { readonly state: 'unloading' }
  | { readonly state: 'unloaded'; readonly reason: string }
  | { readonly state: 'failed'; readonly reason: string };

/** How far a version is that is to be served; `failed` does not pass by itself. Without a version: the whole model. */
export type ModelReadiness =
  | { readonly model: string; readonly version: string; readonly state: 'ready' }
  | {
      readonly model: string;
      readonly version?: string;
      readonly state: 'loading' | 'failed';
      readonly code: ErrorCode;
      readonly message: string;
    };

/** One loaded version of a model, ready for requests. */
export interface ServableModel {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly config: ModelConfig;
  readonly header: OnnxHeader;
  /** Inputs that a request has to give; those with a default stand in `header.defaultedInputs`. */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Labels of the classification output, in the order of its elements; empty where none are declared. */
  readonly labels: readonly string[];
  /** Where it takes texts. */
  readonly tokenizer?: TokenizerFile | undefined;
  /** Of its first instance. */
  readonly placement: Placement;
  /** The devices that its instances compute on, each once. */
  readonly devices: readonly string[];
  readonly instances: number;
  /** What an operator should know: why batching is off, why warm-up was skipped, why the provider is not the first choice. */
  readonly notes: readonly string[];
  /** Why it runs on the provider that it runs on, in words. */
  readonly providerReason: string;
  /** How long the load took, warm-up included. */
  readonly loadMs: number;
  /** How the workers hold the weights, in words. */
  readonly weights: string;
  /** Whether it was tried in a process of its own before it was loaded here, in words. */
  readonly trial: string;
  readonly statistics: ModelStatistics;
  /** Asked for each request before its body is read. */
  readonly admission: Admission;
  /** Whether image files may be given to `infer` as they are (`findPlainFiles`); what cannot be decoded there is rejected with what `isUndecoded` tells. */
  readonly decodesFiles: boolean;
  /** Where `model.json` names state: the sequences whose state is kept here. */
  readonly sequences?: Sequences | undefined;
  /** Rows waiting now. */
  readonly queuedRows: number;
  /**
   * Runs one request, with others of its kind where the model batches. Rejects with QUEUE_FULL, QUEUE_TIMEOUT, CLIENT_GONE,
   * WORKER_LOST, ENGINE_FAILED or SHUTTING_DOWN. The inputs' buffers belong to the model afterwards.
   */
  infer(request: QueuedRequest): Promise<InferResult>;
}

/** Told of each run of a version, where traces are wanted. */
export type OnTracedRun = (run: TracedRun, model: Pick<ServableModel, 'name' | 'version' | 'placement'>) => void;

/** A count and the nanoseconds it took in all (extension "statistics"). */
export interface DurationStatistic {
  readonly count: number;
  readonly ns: number;
}

/** Runs of one number of rows. */
export interface BatchStatistic {
  /** Rows of the runs; above 1,024 the next power of two. */
  readonly batchSize: number;
  readonly computeInput: DurationStatistic;
  readonly computeInfer: DurationStatistic;
  readonly computeOutput: DurationStatistic;
}

/** Cumulative counts of one model version; neither reading nor reloading resets them. */
export interface StatisticsSnapshot {
  /** Milliseconds since 1970 of the last request, 0 before the first. */
  readonly lastInferenceMs: number;
  /** Rows of successful requests. */
  readonly inferenceCount: number;
  /** Runs of the model. */
  readonly executionCount: number;
  readonly success: DurationStatistic;
  readonly fail: DurationStatistic;
  readonly queue: DurationStatistic;
  readonly computeInput: DurationStatistic;
  readonly computeInfer: DurationStatistic;
  readonly computeOutput: DurationStatistic;
  readonly batches: readonly BatchStatistic[];
  /** Runs by the device that computed them, and the time that they took of it. */
  readonly devices: readonly DeviceStatistic[];
  readonly sharing: SharingStatistic;
  /** How many sequences began, ended and so on. */
  readonly sequences: Readonly<Record<SequenceEvent, number>>;
}

/** Runs on one device. */
export interface DeviceStatistic {
  readonly device: string;
  readonly runs: DurationStatistic;
}

/** What became of runs that several requests, or padding, shared. */
export interface SharingStatistic {
  /** Runs that failed or could not be cut, whose requests were repeated one by one. */
  readonly repeatedRuns: number;
  /** Runs whose answers were computed again alone and compared. */
  readonly checkedRuns: number;
  /** Those of which an answer was another one. */
  readonly differingRuns: number;
  /** How often batching was turned off while the model served. */
  readonly turnedOff: number;
}

/** Counts the requests and runs of a version. */
export interface ModelStatistics {
  snapshot(): StatisticsSnapshot;
}

/** What `load` may override (extension "model_repository"): the text of a model.json. */
export interface LoadOverrides {
  readonly configText?: string;
}

/** The models on disk and in memory. */
export interface ModelRepository {
  /** Whether the index has a model of the name, whatever its state. */
  has(name: string): boolean;
  /** Every model version known, loaded or not. */
  index(): readonly RepositoryIndexEntry[];
  /** The version named, or the highest ready one. Throws MODEL_NOT_FOUND or MODEL_NOT_READY, with the reason where it failed. */
  get(name: string, version?: string): ServableModel;
  /** Ready versions of a model, ascending. */
  versions(name: string): readonly string[];
  /** Every version that is ready. */
  ready(): readonly ServableModel[];
  /** How far every version is that is to be served; nothing of what was unloaded. */
  readiness(): readonly ModelReadiness[];
  /** Resolves when nothing is loading: every model that was asked for is ready or has failed. */
  settled(): Promise<void>;
  /**
   * Loads or reloads from disk; resolves when the new versions serve and the old ones have drained. Rejects with the reason
   * where a version cannot be loaded; one that served before keeps serving.
   */
  load(name: string, overrides?: LoadOverrides): Promise<void>;
  /** Stops serving a model once its running requests have finished. */
  unload(name: string): Promise<void>;
  /** Looks at the disk once and takes up what changed. */
  poll(): Promise<void>;
  /** Refuses new requests, finishes the queued ones, and unloads everything. */
  close(): Promise<void>;
}
