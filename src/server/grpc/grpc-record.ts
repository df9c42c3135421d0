import type { CallRecord, CallStart } from '../../grpc/host.js';
import { stranger, type Caller } from '../access/doors.js';
import { traceShape, type InferenceTrace } from '../http/exchange.js';
import { toAppError, toHttpFailure } from '../http/http-errors.js';
import type { Log } from '../log/log.js';
import type { ModelMeters } from '../metrics/model-meter.js';

/** What every record shares. */
export interface RecordContext {
  readonly log: Log;
  readonly meters: ModelMeters;
  /** One line for every request. */
  readonly accessLog: boolean;
}

const inferPaths: ReadonlySet<string> = new Set([
  '/inference.GRPCInferenceService/ModelInfer',
  '/inference.GRPCInferenceService/ModelStreamInfer',
]);

/** One gRPC request as logs and counts have it: under the statuses of HTTP, which its error codes stand for. */
export class GrpcRecord implements CallRecord {
  readonly id: string;
  /** Filled in where it is an inference. */
  readonly inference: InferenceTrace = {};
  readonly startedMs = performance.now();
  readonly #context: RecordContext;
  readonly #call: CallStart;

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
  }

  #facts(status: number): object {
    const { path, headers } = this.#call;
    const { model } = this.inference;
    return {
      requestId: this.id,
      ...traceOf(headers),
      transport: 'grpc',
      path,
      status,
      ms: Math.round((performance.now() - this.startedMs) * 100) / 100,
      ...(model === undefined ? {} : { model: model.name, version: model.version }),
    };
  }
}

function traceOf({ traceparent }: CallStart['headers']): object {
  return traceparent !== undefined && traceShape.test(traceparent) ? { traceparent } : {};
}
