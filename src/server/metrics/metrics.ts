import { collectDefaultMetrics, Registry } from 'prom-client';
import type { CrashRecord } from '../../repository/crashes/crash-store.js';
import type { ModelReadiness, ServableModel } from '../../repository/types.js';
import type { StreamFigures } from '../stream/stream.js';
import type { RegistryMetric } from '../telemetry/metric-data.js';
import { registerCrashMetrics, registerLoadMetrics, type ModelLoads } from './model-loads.js';
import { registerModelMetrics } from './model-metrics.js';
import type { ModelMeters } from './model-meter.js';
import { registerRequestMetrics } from './request-metrics.js';
import {
  registerGpuMetrics,
  registerMemoryMetrics,
  registerRunnerMetrics,
  registerServerMetrics,
  type ServerFigures,
} from './server-metrics.js';
import { registerStreamMetrics } from './stream-metrics.js';

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
