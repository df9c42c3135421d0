import type { NamedTensors } from '../tensor/tensor.js';

/** A request as it waits: tensors already checked against the model. */
export interface QueuedRequest {
  readonly inputs: NamedTensors;
  /** Outputs wanted, in the model's order. */
  readonly outputs: readonly string[];
  /** Rows: the first dimension of every input; 1 where the model has no batch dimension. */
  readonly rows: number;
  /** 0 = default (the lowest), 1 = highest, 2 next, ... */
  readonly priority: number;
  /** Longest time in the queue in milliseconds; 0 = the model's own limit. */
  readonly queueTimeoutMs: number;
  /** The client left: queued work is dropped, running work finishes unheard. */
  readonly signal?: AbortSignal;
}

/** Where the time went, in milliseconds. */
export interface InferTimings {
  readonly queueMs: number;
  readonly inputMs: number;
  readonly computeMs: number;
  readonly outputMs: number;
}

export interface InferResult {
  /** Just this request's rows. The data may be views on a shared run's output: do not transfer them. */
  readonly outputs: NamedTensors;
  readonly timings: InferTimings;
  /** Rows in the run that served it, padding excluded, and requests in it. */
  readonly batchRows: number;
  readonly batchRequests: number;
}
