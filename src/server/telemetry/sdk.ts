import { hostname } from 'node:os';
import { trace, diag, DiagLogLevel } from '@opentelemetry/api';
import { millisToHrTime, setGlobalErrorHandler } from '@opentelemetry/core';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  type Resource,
} from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader, type MetricProducer } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { isQuiet } from './conventions.js';
import { createMetricExporter, createSpanExporter, watchExporter } from './exporters.js';
import { toMetricData } from './metric-data.js';
import type { TelemetryPlan } from './plan.js';
import { addRunSpan, ServerSpan } from './spans.js';
import type { SpanDeps } from './traced-span.js';
import type { OpenOptions, Telemetry } from './telemetry.js';
import { messageOf } from '../../errors.js';
import type { Log } from '../log/log.js';

/** Upper ends that OpenTelemetry's conventions give durations of requests, in seconds. */
const explicitBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Sends by the official SDK, of which nothing is registered globally but where its warnings go. */
export async function startSdk(plan: TelemetryPlan, options: OpenOptions): Promise<Telemetry> {
  const { log, clock, version } = options;
  tellSdkMessages(log, clock);
  const resource = describeProcess(options);
  const [tracers, meters] = await Promise.all([
    openTraces(plan, options, resource),
    openMetrics(plan, options, resource),
  ]);
  // Without a provider the API's own makes spans of nothing.
  const tracer = (tracers ?? trace).getTracer('slipway', version);
  const deps: SpanDeps = {
    tracer,
    readsParents: plan.readsParents,
    durations: meters && openDurations(meters, version),
    epochOffsetMs: followClock(clock),
  };
  return {
    begin: (request) => (isQuiet(request) ? undefined : new ServerSpan(deps, request)),
    noteRun: (run, model) => addRunSpan(deps, run, model),
    stop: async (limitMs) => {
      const ends = Promise.allSettled([tracers?.shutdown(), meters?.shutdown()]);
      const isOver = await withinLimit(ends, limitMs);
      if (!isOver) log.warn({ limitMs }, 'telemetry of the last seconds could not be sent before the end: it is lost');
    },
  };
}

/** The service and this process; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before. */
function describeProcess({ serviceName, version, processTag }: OpenOptions): Resource {
  const hostName = hostname();
  const own = resourceFromAttributes({
    'service.name': serviceName,
    'service.version': version,
    'service.instance.id': `${hostName}-${processTag}`,
    'host.name': hostName,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
  });
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }));
}

async function openTraces({ traces }: TelemetryPlan, { log }: OpenOptions, resource: Resource) {
  if (traces === undefined) return undefined;
  const exporter = await createSpanExporter(traces.protocol);
  watchExporter<ReadableSpan[]>(exporter, {
    ...traces,
    signal: 'traces',
    log,
    count: ({ length }) => length,
  });
  return new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] });
}

async function openMetrics({ metrics }: TelemetryPlan, options: OpenOptions, resource: Resource) {
  if (metrics === undefined) return undefined;
  const { intervalMs: exportIntervalMillis, timeoutMs: exportTimeoutMillis } = metrics;
  const exporter = await createMetricExporter(metrics.protocol);
  watchExporter(exporter, { ...metrics, signal: 'metrics', log: options.log, count: () => 1 });
  const metricProducers = [createProducer(options, resource)];
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis,
    exportTimeoutMillis,
    metricProducers,
  });
  return new MeterProvider({ resource, readers: [reader] });
}

/** What /metrics has, read when it is sent. */
function createProducer({ readMetrics, clock, version }: OpenOptions, resource: Resource): MetricProducer {
  const startTime = millisToHrTime(performance.timeOrigin);
  return {
    collect: async () => {
      try {
        const read = await readMetrics();
        const period = { startTime, endTime: millisToHrTime(clock()) };
        const metrics = read.map((metric) => toMetricData(metric, period));
        const scopeMetrics = [{ scope: { name: 'slipway', version }, metrics }];
        return { resourceMetrics: { resource, scopeMetrics }, errors: [] };
      } catch (error) {
        return { resourceMetrics: { resource, scopeMetrics: [] }, errors: [error] };
      }
    },
  };
}

function openDurations(meters: MeterProvider, version: string): SpanDeps['durations'] {
  const meter = meters.getMeter('slipway', version);
  const create = (name: string, description: string) =>
    meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries } });
  return {
    http: create('http.server.request.duration', 'Duration of HTTP server requests.'),
    grpc: create('rpc.server.call.duration', 'Duration of gRPC requests; of a stream, of each of its messages.'),
  };
}

/** Further than this from what it was, the clock was set. */
const setByMs = 50;

/** The same offset until the clock is set, so that spans of different requests keep their order too: the clock tells whole milliseconds. */
function followClock(clock: () => number): () => number {
  let offsetMs = clock() - performance.now();
  return () => {
    const measuredMs = clock() - performance.now();
    if (Math.abs(measuredMs - offsetMs) > setByMs) offsetMs = measuredMs;
    return offsetMs;
  };
}

/** Whether work ended within its limit. */
async function withinLimit(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), limitMs)));
  const isOver = await Promise.race([work.then(() => true), limit]);
  clearTimeout(timer);
  return isOver;
}

/** A message that differs in its numbers alone is told again after this time. */
const silenceMs = 3_600_000;
const mostTexts = 100;

/** Brings what the SDK warns of into the log, each kind of message once an hour. Failed exports are told by their exporters. */
function tellSdkMessages(log: Log, clock: () => number): void {
  const told = new Map<string, number>();
  const tell = (...parts: readonly unknown[]): void => {
    const message = parts.map(messageOf).join(' ');
    const kind = message.replaceAll(/\d+/g, '0');
    const nowMs = clock();
    if (nowMs - (told.get(kind) ?? -Infinity) < silenceMs) return;
    if (told.size >= mostTexts) told.clear();
    told.set(kind, nowMs);
    log.warn({ reason: message }, 'OpenTelemetry');
  };
  const ignore = (): void => undefined;
  diag.setLogger(
    { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  setGlobalErrorHandler(ignore);
}
