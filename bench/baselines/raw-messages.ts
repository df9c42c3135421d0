import type { SessionSpec } from '../../src/engine/engine.js';
import type { NamedTensors } from '../../src/tensor/tensor.js';
import type { HistogramData } from '../stats/histogram.js';

/** What the raw loop holds: the model alone, once in each of as many threads as asked for, nothing around it. */
export interface RawSetup {
  readonly spec: SessionSpec;
  readonly threads: number;
}

/** One measured window: runs of `rows` rows each, in `active` of the threads; the others rest. */
export interface RawOrder {
  readonly rows: number;
  /** Elements of a variable dimension other than the first. */
  readonly variable: number;
  readonly active: number;
  /** What every run is given; absent: made up from the model's inputs. */
  readonly feeds?: NamedTensors;
  readonly warmupMs: number;
  readonly windowMs: number;
}

/** What ran in one window, in one thread. */
export interface ThreadWindow {
  readonly runs: number;
  /** Those of the warm-up as well. */
  readonly allRuns: number;
  readonly elapsedMs: number;
  readonly latencies: HistogramData;
}

/** What ran in one window, in all threads. */
export interface RawWindow {
  readonly runs: number;
  readonly elapsedMs: number;
  readonly latencies: HistogramData;
  /** CPU time of the process a run, over warm-up and window. */
  readonly cpuMs: number;
}

/** Parent to the raw process: first the setup, then orders one after another. */
export type ToRaw =
  { readonly kind: 'setup'; readonly setup: RawSetup } | { readonly kind: 'order'; readonly order: RawOrder };

/** Raw process to its parent, and thread to the process: one answer to each message. */
export type FromRaw<Window = RawWindow> =
  | { readonly kind: 'ready'; readonly runtimeVersion: string }
  | { readonly kind: 'window'; readonly window: Window }
  | { readonly kind: 'failed'; readonly message: string };
