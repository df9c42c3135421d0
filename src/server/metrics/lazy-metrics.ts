import { createGpuReader } from '../../resources/gpu-readings.js';
import type { CrashRecords } from '../../repository/crashes/crash-records.js';
import type { RunnerPool } from '../../workers/pool.js';
import type { Dataplane } from '../dataplane.js';
import type { MemoryBudget } from '../memory/memory-budget.js';
import type { ServeOptions } from '../serve-options.js';
import type { Streams } from '../stream/streams.js';
import type { Metrics } from './metrics.js';
import type { ModelLoads } from './model-loads.js';
import type { ModelMeters } from './model-meter.js';

/** Whose figures they are. */
export interface MetricsParts {
  readonly options: ServeOptions;
  readonly meters: ModelMeters;
  readonly memory: MemoryBudget;
  readonly loads: ModelLoads;
  readonly dataplane: Dataplane;
  readonly crashes: CrashRecords | undefined;
  readonly streams: Streams;
  readonly runner: () => RunnerPool | undefined;
}

/** The metrics, made when they are first asked for: their library is not needed to start. */
export function lazyMetrics({
  options,
  meters,
  loads,
  memory,
  dataplane,
  crashes,
  streams,
  runner,
}: MetricsParts): () => Promise<Metrics> {
  const gpus = createGpuReader({ env: options.env });
  const server = {
    version: options.version,
    budget: options.budget,
    memory,
    isReady: () => dataplane.health().ready,
    workerRestarts: () => runner()?.status().restarts ?? 0,
    inline: () => runner()?.status(),
    busyWorkers: () => runner()?.status().busyWorkers ?? 0,
    readGpus: async () => {
      const report = await gpus.read();
      return report.kind === 'ok' ? report.gpus : [];
    },
  };
  const make = async (): Promise<Metrics> => {
    const { createMetrics } = await import('./metrics.js');
    return createMetrics({
      meters,
      loads,
      models: () => dataplane.readyModels(),
      readiness: () => dataplane.readiness(),
      crashes: () => crashes?.list() ?? [],
      streams: () => streams.figures(),
      server,
    });
  };
  let made: Promise<Metrics> | undefined;
  return () => (made ??= make());
}
