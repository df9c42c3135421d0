import { collectDefaultMetrics, Registry } from 'prom-client';
import type { CrashRecord } from '../../repository/crashes/crash-store.js';
import type { ModelReadiness, ServableModel } from '../../repository/types.js';
import type { StreamFigures } from '../stream/stream.js';
import type { RegistryMetric } from '../telemetry/metric-data.js';
import { registerCrashMetrics, registerLoadMetrics, type ModelLoads } from './model-loads.js';
import { registerModelMetrics } from './model-metrics.js';
import type { ModelMeters, ModelMeter, Distribution } from './model-meter.js';
import {
  registerGpuMetrics,
  registerMemoryMetrics,
  registerRunnerMetrics,
  registerServerMetrics,
  type ServerFigures,
} from './server-metrics.js';
import { histogramSamples, register, type Sample } from './exposition.js';

/** Where the figures of /metrics come from. */
export interface MetricsSources {
  readonly meters: ModelMeters;
  readonly loads: ModelLoads;
  readonly models: () => readonly ServableModel[];
  readonly readiness: () => readonly ModelReadiness[];
  readonly crashes: () => readonly CrashRecord[];
  readonly streams: () => readonly StreamFigures[];
  readonly server: ServerFigures;
}

/** The metrics of a server. */
export interface Metrics {
  readonly contentType: string;
  /** Everything in Prometheus' text format. */
  expose(): Promise<string>;
  /** The same for programs. */
  read(): Promise<readonly RegistryMetric[]>;
}

/** The metrics of one server, its process and its event loop included. Their own registry: servers in one process do not mix. */
export function createMetrics({ meters, loads, models, readiness, crashes, streams, server }: MetricsSources): Metrics {
  const registry = new Registry();
  registerServerMetrics(registry, server);
  registerRunnerMetrics(registry, server);
  registerMemoryMetrics(registry, server);
  registerModelMetrics(registry, models);
  registerLoadMetrics(registry, loads, readiness);
  registerCrashMetrics(registry, crashes);
  registerRequestMetrics(registry, meters);
  registerStreamMetrics(registry, streams);
  registerGpuMetrics(registry, server);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  return {
    contentType: registry.contentType,
    expose: () => registry.metrics(),
    read: () => registry.getMetricsAsJSON(),
  };
}

const histograms: readonly (readonly [name: string, help: string, pick: (meter: ModelMeter) => Distribution])[] = [
  ['slipway_request_duration_seconds', 'From the complete request to its written answer.', (meter) => meter.duration],
  ['slipway_decode_duration_seconds', 'Reading a request into tensors, images included.', (meter) => meter.decode],
  ['slipway_queue_duration_seconds', 'Waiting for other rows and for a free worker.', (meter) => meter.queue],
  [
    'slipway_compute_duration_seconds',
    'In the worker: inputs put together, the run, outputs taken out.',
    (meter) => meter.compute,
  ],
  ['slipway_encode_duration_seconds', 'Writing tensors into an answer.', (meter) => meter.encode],
  ['slipway_batch_rows', 'Rows of the run that served a request, without padding.', (meter) => meter.batchRows],
];

/** Requests by model, version and status, and where they spent their time. */
function registerRequestMetrics(registry: Registry, meters: ModelMeters): void {
  register(registry, {
    name: 'slipway_requests_total',
    help: 'Inference requests by model, version and HTTP status.',
    type: 'counter',
    read: () => countSamples(meters),
  });
  for (const [name, help, pick] of histograms) {
    const read = () => [...meters.entries()].filter(([labels]) => labels.model !== '');
    register(registry, {
      name,
      help,
      type: 'histogram',
      read: () => read().flatMap(([labels, meter]) => [...histogramSamples(labels, pick(meter))]),
    });
  }
}

function* countSamples(meters: ModelMeters): Generator<Sample> {
  for (const [labels, { requests }] of meters.entries()) {
    for (const [status, value] of requests.http) yield { labels: { ...labels, status }, value };
    for (const [status, value] of requests.grpc) yield { labels: { ...labels, status, transport: 'grpc' }, value };
  }
}

const counter = (name: string, help: string, count: keyof StreamFigures['counts']) => ({
  ...{ name: `slipway_stream_frames_${name}_total`, help, type: 'counter' as const },
  figure: ({ counts }: StreamFigures) => counts[count],
});

const rows = [
  counter('received', 'Frames that came from the source while somebody watched.', 'frames'),
  counter('answered', 'Frames that were run and shown.', 'answered'),
  counter('dropped', 'Frames that a newer one replaced before the model was free.', 'dropped'),
  counter(
    'refused',
    'Frames that got no answer: damaged, or refused by the model, its queue or the memory of requests.',
    'failed',
  ),
  counter('missed', 'Frames not sent to a watcher who was behind, for each watcher.', 'missed'),
  {
    ...{ name: 'slipway_stream_watchers', help: 'Clients that watch now.', type: 'gauge' as const },
    figure: ({ watchers }: StreamFigures) => watchers,
  },
  {
    ...{ name: 'slipway_stream_connected', help: 'Whether the source gives frames now.', type: 'gauge' as const },
    figure: ({ isLive }: StreamFigures) => (isLive ? 1 : 0),
  },
];

/** What became of the frames of each stream, who watches, and whether its source gives any. */
function registerStreamMetrics(registry: Registry, streams: () => readonly StreamFigures[]): void {
  for (const { figure, ...metric } of rows) {
    const read = () => streams().map((of) => ({ labels: { stream: of.stream, model: of.model }, value: figure(of) }));
    register(registry, { ...metric, read });
  }
}
