import type { HistogramData } from './stats/histogram.js';
import type { Interval } from './stats/spread.js';

/** What a run of the benchmark found; the JSON file is this. `bench/schema.json` describes every field. */
export interface Report {
  readonly format: 'slipway-bench/1';
  readonly startedAt: string;
  readonly durationS: number;
  readonly method: Method;
  readonly environment: Environment;
  readonly targets: readonly TargetReport[];
  readonly models: readonly ModelReport[];
  readonly rows: readonly Row[];
  readonly verdict: readonly string[];
}

/** How was measured. */
export interface Method {
  readonly mode: 'quick' | 'default';
  /** Most time for a model's servers to come to a steady throughput before its first point. */
  readonly settleMs: number;
  readonly windowMs: number;
  readonly warmupMs: number;
  readonly minRounds: number;
  readonly maxRounds: number;
  /** Largest distance of each window from the mean of those that agree: 0.1 is 10 %. */
  readonly tolerance: number;
  /** Points that would begin later than this are left out, and said to be. */
  readonly limitS: number;
}

/** Where was measured. */
export interface Environment {
  readonly host: string;
  readonly os: string;
  readonly cpu: string;
  readonly governor: string | null;
  readonly cpuBudget: { readonly cpus: number; readonly source: string };
  readonly memoryBytes: number;
  /** Over 1, 5 and 15 minutes, before the first measurement. */
  readonly loadAverageBefore: readonly number[];
  readonly loadAverageAfter: readonly number[];
  readonly node: string;
  readonly onnxRuntime: string | null;
  readonly commit: string | null;
  readonly gpu: GpuFacts;
}

/** GPUs of this machine with the evidence; `evidence` also says why none is believed to be there. */
export interface GpuFacts {
  readonly gpus: readonly { readonly name: string; readonly memoryBytes: number | null }[];
  readonly driver: string | null;
  readonly cuda: string | null;
  readonly evidence: readonly string[];
}

/** A server that was compared, or the reason why it was not. */
export type TargetReport =
  | { readonly name: string; readonly state: 'skipped'; readonly reason: string }
  | {
      readonly name: string;
      readonly state: 'measured';
      readonly kind: 'native' | 'container' | 'url';
      readonly url: string;
      readonly image: TargetImage | null;
      /** Version of Node.js that the server runs on; null where it does not say. Absent in older reports. */
      readonly node?: string | null;
      readonly threads: Readonly<Record<string, number | string>> | null;
      /** From the process's or container's start to the first answer of each start; empty where it already ran. */
      readonly coldStartsMs: readonly number[];
      /** Where the time of the last start went, as the server says. */
      readonly coldStartParts: Readonly<Record<string, number>>;
      readonly memory: readonly MemoryReading[];
    };

/** What a container was made from. */
export interface TargetImage {
  /** As it was asked for: `slipway:cpu`. */
  readonly ref: string;
  /** The engine's own id, `sha256:...`. */
  readonly id: string;
  /** `repository@sha256:...`; null for an image that was in no registry. */
  readonly digest: string | null;
}

/** Memory of a server's process at one moment; null: not known. */
export interface MemoryReading {
  readonly moment: 'after start' | 'after load';
  readonly rssBytes: number | null;
  readonly pssBytes: number | null;
}

/** A model that was measured. */
export interface ModelReport {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly weights: 'random' | 'given';
  readonly inputs: string;
  readonly outputs: string;
  readonly maxBatchRows: number;
  readonly left: readonly string[];
  /** What each target proves to compute it with. */
  readonly devices: Readonly<Record<string, DeviceProof>>;
}

/** The device that computes, as the server proves it. */
export interface DeviceProof {
  readonly device: string;
  readonly evidence: string;
  /** True only for a device that is proved, is not the CPU and is no software adapter. */
  readonly isGpu: boolean;
  readonly isSoftware: boolean;
}

/** What varies from one load point to the next. */
export type Scenario = 'latency' | 'concurrency' | 'batch' | 'arrivals' | 'path';
/** How the tensors of a request are written. */
export type Form = 'binary' | 'json' | 'image';

/** One point that was measured: a target or a baseline under one load. */
export interface Row {
  readonly model: string;
  /** A target's name, `raw 1 thread`, `raw 2 threads` or `bare http`. */
  readonly target: string;
  readonly role: 'target' | 'raw' | 'bare';
  readonly scenario: Scenario;
  readonly form: Form;
  /** Rows a request. */
  readonly batch: number;
  /** Clients that wait for their answer; null where requests arrive at a rate. */
  readonly concurrency: number | null;
  readonly requestsPerSecond: number | null;
  /** `unstable`: three windows never agreed; `failed`: some answers were errors, nothing is compared with it. */
  readonly state: 'steady' | 'unstable' | 'failed';
  /** What did not agree, and errors. */
  readonly remarks: readonly string[];
  readonly statuses: Readonly<Record<string, number>>;
  readonly windows: readonly WindowFigures[];
  /** All counted windows together. */
  readonly rate: number;
  /** 95 % interval of the rate over the windows. */
  readonly rateInterval: Interval;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly meanMs: number;
  readonly maxMs: number;
  readonly histogram: HistogramData;
  /** The server's own split: queue, decode, compute, encode. */
  readonly serverMs: Readonly<Record<string, number>>;
  readonly clientMs: { readonly send: number; readonly receive: number } | null;
  /** CPU milliseconds of the server's process a request. */
  readonly serverCpuMs: number | null;
  readonly devices: Readonly<Record<string, number>>;
  readonly ratios: Ratios;
}

/** Rates over those of the baselines in the same rounds. */
export interface Ratios {
  readonly toRaw: Interval | null;
  readonly toBare: Interval | null;
  /** Over 1 / (1/raw + 1/bare): what compute and transport cost one after the other. */
  readonly toYardstick: Interval | null;
}

/** One window. `round` pairs windows that were measured one after another. */
export interface WindowFigures {
  readonly round: number;
  /** Inferences (rows) a second. */
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly isCounted: boolean;
}
