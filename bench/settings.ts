import type { Sweep } from './load/points.js';
import type { WorkName } from './workloads.js';
import type { Method } from './types.js';

/** What a command line asks of the benchmark. */
export interface BenchSettings {
  readonly models: readonly string[];
  readonly modelsFolder: string | undefined;
  /** Names of targets; `auto`: what is here. */
  readonly targets: readonly TargetName[] | 'auto';
  readonly urls: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly method: Method;
  readonly sweep: Sweep;
  /** Elements of a variable dimension other than the first. */
  readonly variable: number;
  readonly coldStarts: number;
  readonly files: { readonly json?: string; readonly html?: string; readonly csv?: string };
  readonly baseline: { readonly file: string; readonly failOn: number } | undefined;
  readonly tune: TuneSettings | undefined;
  readonly peers: PeersSettings | undefined;
}

/** A comparison with other servers. */
export interface PeersSettings {
  readonly names: readonly string[];
  readonly works: readonly WorkName[];
  /** Real models beside the runtime alone. */
  readonly realModels: readonly string[];
}

/** What the tuner looks for. */
export interface TuneSettings {
  /** Largest p99 in milliseconds that the tuned model may have. */
  readonly latencyTargetMs: number;
  /** Write the settings into the model's model.json, not just print them. */
  readonly write: boolean;
}

/** Ways to run Slipway that the benchmark can measure. */
export const targetNames = [
  'native-cpu',
  'native-cuda',
  'native-tensorrt',
  'native-webgpu',
  'container-cpu',
  'container-gpu',
  'container-cuda',
] as const;
/** One of these ways. */
export type TargetName = (typeof targetNames)[number];

/** A minute at most for the bundled models: short windows, few points. */
export const quickMethod: Method = {
  mode: 'quick',
  settleMs: 1500,
  windowMs: 160,
  warmupMs: 40,
  minRounds: 3,
  maxRounds: 3,
  tolerance: 0.1,
  limitS: 50,
};
/** The few load points of `--quick`. */
export const quickSweep: Sweep = { concurrencies: [8, 32], batches: [1, 32], rates: [0.5], ratesAre: 'shares' };

/** A few minutes for the bundled models. */
export const defaultMethod: Method = {
  mode: 'default',
  settleMs: 8000,
  windowMs: 400,
  warmupMs: 100,
  minRounds: 4,
  maxRounds: 7,
  tolerance: 0.1,
  limitS: 480,
};
/** The load points of a full run. */
export const defaultSweep: Sweep = {
  concurrencies: [1, 2, 4, 8, 16, 32, 64],
  batches: [1, 2, 4, 8, 16, 32, 64],
  rates: [0.25, 0.5, 0.75],
  ratesAre: 'shares',
};
