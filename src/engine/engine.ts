import type { ProviderName } from '../model/config.js';
import type { NamedTensors, TensorSpec } from '../tensor/tensor.js';

/** What a session is made from. Paths are absolute. */
export interface SessionSpec {
  readonly modelPath: string;
  /** Name for the runtime's own log lines. */
  readonly logId: string;
  readonly provider: ProviderName;
  readonly deviceId: number;
  /** Refuse a session of which any node would run on the CPU (`session.disable_cpu_ep_fallback`). */
  readonly strict: boolean;
  readonly intraOpThreads: number;
  /** How long a thread of a run keeps looking for its next part before it sleeps, in microseconds; it sleeps at once unless told otherwise. */
  readonly spinUs?: number;
  /** The model file was saved optimised and prepacked: load it as it is. */
  readonly optimised: boolean;
  /** The model takes or gives doubles. */
  readonly hasDoubles?: boolean;
  /** False: the memory of a run goes back to the system, and is not kept for the next. */
  readonly arena?: boolean;
  /** False: nothing is run to find anything out, neither where nodes run nor whether a copy computes the same. */
  readonly mayRun?: boolean;
  /** Inputs and outputs that are BF16 here and FP32 in the model file. */
  readonly widened?: readonly string[];
  /** Inputs whose defaults a run may replace. */
  readonly defaults?: ReplaceableDefaults;
}

/** Inputs with a default, and the file that says so: `modelPath` has them as constants. */
export interface ReplaceableDefaults {
  readonly names: readonly string[];
  readonly originalPath: string;
}

/** Where the nodes of a session really run, counted from a profile of one run. */
export interface Placement {
  /** `cpu`, `cuda:0`, `webgpu`; with nodes left on the CPU `cuda:0+cpu`; computed in software `webgpu (software)`. */
  readonly device: string;
  /** Nodes by execution provider, as the runtime names them; empty where nothing was counted. */
  readonly nodes: Readonly<Record<string, number>>;
  /** How it is known. */
  readonly evidence: 'only-provider' | 'strict-mode' | 'profile';
  /** Why the runtime's optimiser works on the graph less than it could, in its words. */
  readonly optimiserFault?: string;
}

/** One loaded model in one thread. Calls block that thread; they are made one after another. */
export interface EngineSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** What the runtime said of the graph as it optimises it, where it could only be loaded with less of that. */
  readonly optimiserFault?: string;
  /**
   * Runs once, now; answers just the outputs named, each in a buffer of its own that may be transferred.
   * Throws ENGINE_FAILED with the runtime's text, or INVALID_INPUT for text that is not UTF-8.
   */
  runNow(feeds: NamedTensors, outputs: readonly string[]): NamedTensors;
  /** The same as a promise. */
  run(feeds: NamedTensors, outputs: readonly string[]): Promise<NamedTensors>;
  /** Writes the profile of a session made with `profilePrefix`, and stops profiling. */
  endProfile(): void;
  release(): Promise<void>;
}

/** A runtime that can load ONNX models; ort.ts is the only one. */
export interface Engine {
  readonly version: string;
  /**
   * Loads a model, profiling into `<profilePrefix>_<time>.json` when given. Rejects with MODEL_INVALID, DEVICE_UNAVAILABLE or
   * ENGINE_FAILED, with cause and fix where the runtime's text is known.
   */
  createSession(spec: SessionSpec, options?: { readonly profilePrefix?: string }): Promise<EngineSession>;
  /**
   * Writes the optimised model with its prepacked weights beside it: `path` and `path` + `.data`. Answers the session that
   * was saved, which computes from memory what the copy has to compute from its files.
   */
  saveOptimised(spec: SessionSpec, path: string): Promise<EngineSession>;
}
