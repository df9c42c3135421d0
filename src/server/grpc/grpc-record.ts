import type { CallRecord, CallStart } from '../../grpc/host.js';
import { stranger, type Caller } from '../access/doors.js';
import { statusNameOf } from '../../grpc/status.js';
import { traceparentOf, type InferenceTrace } from '../http/exchange.js';
import { toAppError, toHttpFailure } from '../http/http-errors.js';
import type { Log } from '../log/log.js';
import type { ModelMeters } from '../metrics/model-meter.js';
import type { GrpcBegun, RequestSpan, Telemetry } from '../telemetry/telemetry.js';

/** What every record shares. */
export interface RecordContext {
  readonly log: Log;
  readonly meters: ModelMeters;
  /** One line for every request. */
  readonly accessLog: boolean;
  /** Undefined: no traces and metrics are sent. */
  readonly telemetry: Telemetry | undefined;
}

const inferPaths: ReadonlySet<string> = new Set([
  '/inference.GRPCInferenceService/ModelInfer',
  '/inference.GRPCInferenceService/ModelStreamInfer',
]);

/** Statuses that the server is to blame for (OpenTelemetry's conventions for RPC). */
const faults: ReadonlySet<string> = new Set(['UNKNOWN', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS']);

/** One gRPC request as logs and counts have it: under the statuses of HTTP, which its error codes stand for. */
export class GrpcRecord implements CallRecord {
  readonly id: string;
  /** Filled in where it is an inference. */
  readonly inference: InferenceTrace = {};
  readonly startedMs = performance.now();
  readonly #context: RecordContext;
  readonly #call: CallStart;
  #span: RequestSpan | undefined;

  constructor(context: RecordContext, id: string, call: CallStart) {
    this.#context = context;
    this.id = id;
    this.#call = call;
  }

  /** Who asks. */
  get caller(): Caller {
    return (this.#call.caller as Caller | undefined) ?? stranger;
  }

  /** The address that the call came from, with its port. */
  get from(): string {
    return this.#call.from;
  }

  /** Its span, begun by the first who asks, as of the request's start. */
  get trace(): RequestSpan | undefined {
    const { telemetry } = this.#context;
    return telemetry && (this.#span ??= telemetry.begin(this.#begun()));
  }

  /** That of its span, and without traces the request's own. */
  get traceparent(): string | undefined {
    return this.trace?.traceparent ?? traceparentOf(this.#call.headers);
  }

  #begun(): GrpcBegun {
    const { path, headers } = this.#call;
    const { startedMs, id: requestId } = this;
    return { transport: 'grpc', startedMs, requestId, header: (name) => headers[name], path };
  }

  end(thrown?: unknown): void {
    const { log, meters, accessLog } = this.#context;
    const failure = thrown === undefined ? undefined : toHttpFailure(thrown);
    const status = failure?.status ?? 200;
    if (inferPaths.has(this.#call.path)) {
      meters.record(this.inference, { status, transport: 'grpc' }, performance.now() - this.startedMs);
    }
    if (status === 500) log.error({ ...this.#facts(status), err: toAppError(thrown) }, 'request failed');
    else if (!accessLog && failure !== undefined)
      log.debug({ ...this.#facts(status), reason: failure.text }, 'request refused');
    if (accessLog) log.info(this.#facts(status), 'request');
    this.#endSpan(thrown, status);
  }

  #endSpan(thrown: unknown, httpStatus: number): void {
    const code = thrown === undefined ? undefined : toAppError(thrown).code;
    const told = httpStatus === 400 ? 'INVALID_INPUT' : code;
    const status = told === undefined ? 'OK' : statusNameOf(told);
    this.trace?.end({ status, isFault: faults.has(status), errorCode: code, ...this.inference });
  }

  #facts(status: number): object {
    const { path, headers } = this.#call;
    const { model } = this.inference;
    const traceparent = traceparentOf(headers);
    return {
      requestId: this.id,
      ...(traceparent === undefined ? {} : { traceparent }),
      ...this.trace?.facts,
      transport: 'grpc',
      path,
      status,
      ms: Math.round((performance.now() - this.startedMs) * 100) / 100,
      ...(model === undefined ? {} : { model: model.name, version: model.version }),
    };
  }
}
