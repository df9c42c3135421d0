import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { serveFor, type TestServer, type TestServerOptions } from '../../support/server.js';

type Fields = Readonly<Record<string, unknown>>;

/** A span as it arrived, with times in nanoseconds since 1970. */
export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Fields;
  /** Span ids. */
  readonly links: readonly string[];
  /** 2: an error. */
  readonly statusCode: number;
  readonly resource: Fields;
}

/** A point of a metric. */
export interface ReceivedPoint {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'sum' | 'gauge' | 'histogram';
  readonly isMonotonic: boolean;
  readonly attributes: Fields;
  readonly value: number;
  readonly count: number;
  readonly sum: number;
  readonly bucketCounts: readonly number[];
  readonly explicitBounds: readonly number[];
}

/** Messages of OTLP, by the numbers of its public definition. */
const { root } = protobuf.parse(
  `syntax = "proto3";
  message ArrayValue { repeated AnyValue values = 1; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; } }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message Scope { string name = 1; string version = 2; }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
  message Status { string message = 2; int32 code = 3; }
  message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; repeated Link links = 13; Status status = 15; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Traces { repeated ResourceSpans resource_spans = 1; }
  message NumberPoint { fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; oneof value { double as_double = 4; sfixed64 as_int = 6; } repeated KeyValue attributes = 7; }
  message HistogramPoint { fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5;
    repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated KeyValue attributes = 9; }
  message Gauge { repeated NumberPoint data_points = 1; }
  message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
  message Metric { string name = 1; string description = 2; string unit = 3; oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; } }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Metrics { repeated ResourceMetrics resource_metrics = 1; }`,
);

/** Reads a request's body: JSON as it is, protobuf into the form that OTLP's JSON has. */
function read(kind: 'Traces' | 'Metrics', body: Buffer, isJson: boolean): Fields {
  if (isJson) return JSON.parse(body.toString()) as Fields;
  const message = root.lookupType(kind).decode(body);
  const hex = (value: unknown): unknown => {
    if (Buffer.isBuffer(value)) return value.toString('hex');
    if (Array.isArray(value)) return value.map(hex);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hex(inner)]));
  };
  return hex(root.lookupType(kind).toObject(message, { longs: String, bytes: Buffer, defaults: true })) as Fields;
}

const list = (value: unknown): readonly Fields[] => (value ?? []) as readonly Fields[];

function attributesOf(value: unknown): Fields {
  return Object.fromEntries(
    list(value).map(({ key, value: any }) => {
      const { intValue, ...others } = any as Fields;
      const set = Object.values(others).find((each) => each !== undefined && each !== null);
      return [key as string, intValue === undefined || intValue === null ? set : Number(intValue)];
    }),
  );
}

function spansOf(message: Fields): ReceivedSpan[] {
  return list(message['resourceSpans']).flatMap(({ resource, scopeSpans }) =>
    list(scopeSpans)
      .flatMap(({ spans }) => list(spans))
      .map((span) => ({
        name: span['name'] as string,
        traceId: span['traceId'] as string,
        spanId: span['spanId'] as string,
        parentSpanId: (span['parentSpanId'] as string | undefined) ?? '',
        kind: span['kind'] as number,
        startNs: BigInt(span['startTimeUnixNano'] as string),
        endNs: BigInt(span['endTimeUnixNano'] as string),
        attributes: attributesOf(span['attributes']),
        links: list(span['links']).map(({ spanId }) => spanId as string),
        statusCode: ((span['status'] as Fields | undefined)?.['code'] as number | undefined) ?? 0,
        resource: attributesOf((resource as Fields)['attributes']),
      })),
  );
}

function pointsOf(message: Fields): ReceivedPoint[] {
  const metrics = list(message['resourceMetrics'])
    .flatMap(({ scopeMetrics }) => list(scopeMetrics))
    .flatMap((scope) => list(scope['metrics']));
  return metrics.flatMap((metric) => {
    const kind = (['sum', 'gauge', 'histogram'] as const).find((name) => (metric[name] ?? undefined) !== undefined);
    if (kind === undefined) return [];
    const data = metric[kind] as Fields;
    return list(data['dataPoints']).map((point) => ({
      name: metric['name'] as string,
      unit: metric['unit'] as string,
      kind,
      isMonotonic: data['isMonotonic'] === true,
      attributes: attributesOf(point['attributes']),
      value: Number(point['asDouble'] ?? point['asInt'] ?? 0),
      count: Number(point['count'] ?? 0),
      sum: Number(point['sum'] ?? 0),
      bucketCounts: ((point['bucketCounts'] ?? []) as readonly unknown[]).map(Number),
      explicitBounds: (point['explicitBounds'] ?? []) as readonly number[],
    }));
  });
}

/** Something that takes OTLP. */
export interface OtlpReceiver {
  /** Spans so far. */
  readonly spans: readonly ReceivedSpan[];
  /** Points of the newest export of metrics. */
  readonly points: readonly ReceivedPoint[];
  /** Headers of each request. */
  readonly headers: readonly IncomingHttpHeaders[];
  /** Resolves once what arrived passes. */
  until(isEnough: (receiver: OtlpReceiver) => boolean): Promise<void>;
  readonly address: string;
}

class Received implements OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  points: readonly ReceivedPoint[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  address = '';
  readonly #waiting = new Set<() => void>();

  take(kind: 'Traces' | 'Metrics', body: Buffer, isJson: boolean): void {
    const message = read(kind, body, isJson);
    if (kind === 'Traces') this.spans.push(...spansOf(message));
    else this.points = pointsOf(message);
    for (const look of this.#waiting) look();
  }

  noteHeaders(headers: IncomingHttpHeaders): void {
    this.headers.push(headers);
    for (const look of this.#waiting) look();
  }

  until(isEnough: (receiver: OtlpReceiver) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isEnough(this)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** An HTTP receiver of both forms; `answer` may answer itself, and then nothing is kept. */
export async function receiveHttp(
  context: TestContext,
  answer?: (response: ServerResponse) => boolean,
): Promise<OtlpReceiver> {
  const received = new Received();
  const server = createServer((request, response) => {
    void buffer(request).then((sent) => {
      received.noteHeaders(request.headers);
      if (answer?.(response) === true) return;
      const isJson = request.headers['content-type'] === 'application/json';
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      received.take(request.url === '/v1/traces' ? 'Traces' : 'Metrics', body, isJson);
      response.writeHead(200, { 'content-type': request.headers['content-type'] }).end(isJson ? '{}' : '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  received.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return received;
}

/** A receiver of OTLP over gRPC. */
export async function receiveGrpc(context: TestContext): Promise<OtlpReceiver> {
  const received = new Received();
  const server = new Server();
  for (const [kind, name] of [
    ['Traces', 'trace.v1.TraceService'],
    ['Metrics', 'metrics.v1.MetricsService'],
  ] as const) {
    const same = (bytes: Buffer): Buffer => bytes;
    const Export = {
      path: `/opentelemetry.proto.collector.${name}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    server.addService(
      { Export },
      {
        Export: (call: { request: Buffer }, callback: (error: null, answer: Buffer) => void) => {
          received.take(kind, call.request, false);
          callback(null, Buffer.alloc(0));
        },
      },
    );
  }
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  context.after(() => server.forceShutdown());
  received.address = `http://127.0.0.1:${port}`;
  return received;
}

/** Sets variables for what a test starts, and takes them back after it. Spans are sent after 20 ms. */
export function setVariables(context: TestContext, variables: Readonly<Record<string, string>>): void {
  const all = { OTEL_BSP_SCHEDULE_DELAY: '20', ...variables };
  Object.assign(process.env, all);
  context.after(() => {
    for (const name of Object.keys(all)) Reflect.deleteProperty(process.env, name);
  });
}

/** A request's span and its children, once they have arrived. */
export async function traceOf(receiver: OtlpReceiver, spanId: string): Promise<ReceivedTrace> {
  await receiver.until(({ spans }) => spans.some((span) => span.spanId === spanId));
  const request = receiver.spans.find((span) => span.spanId === spanId) as ReceivedSpan;
  const children = receiver.spans.filter(({ parentSpanId }) => parentSpanId === spanId);
  return { request, children, names: children.map(({ name }) => name).sort() };
}

export interface ReceivedTrace {
  readonly request: ReceivedSpan;
  readonly children: readonly ReceivedSpan[];
  /** Of the children, sorted. */
  readonly names: readonly string[];
}

/** Trace, span and flags of a `traceparent`. */
export function partsOf(traceparent: unknown): readonly [traceId: string, spanId: string, flags: string] {
  const [, traceId = '', spanId = '', flags = ''] = String(traceparent).split('-');
  return [traceId, spanId, flags];
}

/** A server whose traces arrive, and whose metrics are not sent. */
export async function serveTraced(
  context: TestContext,
  options: TestServerOptions,
  variables: Readonly<Record<string, string>> = {},
): Promise<TestServer & { readonly receiver: OtlpReceiver }> {
  const receiver = await receiveHttp(context);
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.address, OTEL_METRICS_EXPORTER: 'none' };
  setVariables(context, { ...endpoint, ...variables });
  return { ...(await serveFor(context, options)), receiver };
}
