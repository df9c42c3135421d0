import { collectDefaultMetrics, Registry } from 'prom-client';
import type { ServableModel } from '../../repository/types.js';
import { registerModelMetrics } from './model-metrics.js';
import type { ModelMeters } from './model-meter.js';
import { registerRequestMetrics } from './request-metrics.js';
import { registerGpuMetrics, registerServerMetrics, type ServerFigures } from './server-metrics.js';

/** Where the figures of /metrics come from. */
export interface MetricsSources {
  readonly meters: ModelMeters;
  readonly models: () => readonly ServableModel[];
  readonly server: ServerFigures;
}

export interface Metrics {
  readonly contentType: string;
  /** Everything in Prometheus' text format. */
  expose(): Promise<string>;
}

/** The metrics of one server, its process and its event loop included. Their own registry: servers in one process do not mix. */
export function createMetrics({ meters, models, server }: MetricsSources): Metrics {
  const registry = new Registry();
  registerServerMetrics(registry, server);
  registerModelMetrics(registry, models);
  registerRequestMetrics(registry, meters);
  registerGpuMetrics(registry, server);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  return { contentType: registry.contentType, expose: () => registry.metrics() };
}
