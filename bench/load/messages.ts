import type { HistogramData } from '../stats/histogram.js';

/** One request as bytes on the wire; several are sent in turn, so that no cache answers for the model. */
export interface WireRequest {
  readonly bytes: Uint8Array;
}

/** Who sends when: a fixed number of clients each waiting for its answer, or arrivals at a rate whatever the answers do. */
export type Arrivals =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | {
      readonly kind: 'poisson';
      readonly requestsPerSecond: number;
      readonly maxConnections: number;
      readonly seed: number;
    };

/** What the load process is asked to do once. */
export interface LoadOrder {
  readonly host: string;
  readonly port: number;
  readonly requests: readonly WireRequest[];
  readonly arrivals: Arrivals;
  readonly warmupMs: number;
  /** Measured windows follow each other without a pause. */
  readonly windowMs: number;
  readonly windows: number;
  readonly timeoutMs: number;
}

/** One measured window. */
export interface WindowResult {
  /** Latencies of the answers with status 2xx, from the scheduled sending to the last byte. */
  readonly latencies: HistogramData;
  readonly elapsedMs: number;
  readonly completed: number;
  /** Answers by status; 0 stands for connections that failed or timed out. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Mean times on the client's side: handing a request to the socket, and from an answer's first byte to its last. */
  readonly clientMs: { readonly send: number; readonly receive: number };
  /** Mean of each duration in the Server-Timing header, in milliseconds, over a part of the answers (`window.ts`). */
  readonly serverMs: Readonly<Record<string, number>>;
  /** The same answers by the value of `x-inference-device`. */
  readonly devices: Readonly<Record<string, number>>;
  /** Requests that were due but waited for a connection when the window ended (poisson only). */
  readonly backlog: number;
}

/** What came of an order. `answered` counts every answer from the order's first request on, warm-up included. */
export interface LoadResult {
  readonly windows: readonly WindowResult[];
  readonly answered: number;
}

/** Load process to its parent. */
export type FromLoad =
  | { readonly kind: 'window'; readonly window: WindowResult }
  | { readonly kind: 'done'; readonly answered: number }
  | { readonly kind: 'failed'; readonly message: string };
