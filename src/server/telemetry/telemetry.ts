import type { OnTracedRun } from '../../repository/types.js';
import type { Log } from '../log/log.js';
import type { RegistryMetric } from './metric-data.js';
import type { InferReport } from '../inference/inference.js';
import type { SpanScope } from '../pipelines/in-span.js';

/** A request as its span begins. */
export type BegunRequest = HttpBegun | GrpcBegun;

interface Begun {
  /** By `performance.now()`. */
  readonly startedMs: number;
  readonly requestId: string;
  /** A header or metadata of the request. */
  readonly header: (name: string) => string | undefined;
}

/** An HTTP request when it begins. */
export interface HttpBegun extends Begun {
  readonly transport: 'http';
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly path: string;
  /** The path's pattern; undefined where no route has it. */
  readonly route: string | undefined;
}

/** A call of gRPC when it begins. */
export interface GrpcBegun extends Begun {
  readonly transport: 'grpc';
  /** `/inference.GRPCInferenceService/ModelInfer` */
  readonly path: string;
}

/** How a request ended. */
export interface EndedRequest {
  /** HTTP's, or the name of gRPC's. */
  readonly status: number | string;
  /** Whether the server is to blame. */
  readonly isFault: boolean;
  /** The code of what it failed with. */
  readonly errorCode: string | undefined;
  readonly model?: { readonly name: string; readonly version: string } | undefined;
  readonly report?: InferReport | undefined;
}

/** Ids of a request's span in a line of the log, as OpenTelemetry names them there. */
export interface TraceFacts {
  readonly trace_id: string;
  readonly span_id: string;
  readonly trace_flags: string;
}

/** The span of one request, and of what was done for it. */
export interface RequestSpan extends SpanScope {
  readonly facts: TraceFacts | undefined;
  /** Ends it now, once; later calls do nothing. */
  end(ended: EndedRequest): void;
}

/** Where traces and metrics go. */
export interface Telemetry {
  /** Undefined for requests that no trace is made of: probes, scrapes, pages and streams. */
  begin(request: BegunRequest): RequestSpan | undefined;
  /** A run ended, for requests whose `trace` is a `SpanScope`. */
  readonly noteRun: OnTracedRun;
  /** Sends what is left, for at most so long, and ends. Never rejects. */
  stop(limitMs: number): Promise<void>;
}

/** What telemetry says of the server, and asks it. */
export interface OpenOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly serviceName: string;
  readonly version: string;
  readonly processTag: string;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly readMetrics: () => Promise<readonly RegistryMetric[]>;
}
