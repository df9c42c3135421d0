import type { SessionSpec } from '../../src/engine/engine.js';
import type { HistogramData } from '../stats/histogram.js';

/** What the raw loop runs: the model alone, in as many threads as asked for, nothing around it. */
export interface RawOrder {
  readonly spec: SessionSpec;
  readonly threads: number;
  readonly rows: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  readonly windows: number;
}

/** One thread's runs in one window. */
export interface RawWindow {
  readonly runs: number;
  readonly latencies: HistogramData;
}

/** Main thread to loop thread, as workerData; the clock is performance.timeOrigin + performance.now(), the same in all threads. */
export interface RawThreadData extends Omit<RawOrder, 'threads'> {
  readonly start: SharedArrayBuffer;
}

export type FromRawThread =
  { readonly kind: 'loaded' } | { readonly kind: 'windows'; readonly windows: readonly RawWindow[] };

/** Raw process to its parent. */
export type FromRaw =
  | { readonly kind: 'windows'; readonly windows: readonly RawWindow[] }
  | { readonly kind: 'failed'; readonly message: string };
