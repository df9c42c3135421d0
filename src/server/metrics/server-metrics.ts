import type { Registry } from 'prom-client';
import type { GpuReading, ThreadBudget } from '../../resources/types.js';
import type { RunnerStatus } from '../../workers/runner-options.js';
import type { MemoryBudget } from '../memory/memory-budget.js';
import { register, type Sample } from './exposition.js';

/** What the server knows of itself at a scrape. */
export interface ServerFigures {
  readonly version: string;
  readonly budget: ThreadBudget;
  readonly memory: Pick<MemoryBudget, 'limitBytes' | 'usedBytes' | 'refusals'>;
  readonly isReady: () => boolean;
  readonly workerRestarts: () => number;
  readonly busyWorkers: () => number;
  /** Undefined while the server starts. */
  readonly inline: () => RunFigures | undefined;
  /** Readings of every GPU, empty where nvidia-smi does not answer; asked once a figure, so one answer should serve a scrape. */
  readonly readGpus: () => Promise<readonly GpuReading[]>;
}

/** The server's own state: readiness, workers, the thread budget. */
export function registerServerMetrics(registry: Registry, figures: ServerFigures): void {
  const { budget } = figures;
  const one = (value: number): readonly Sample[] => [{ labels: {}, value }];
  register(registry, {
    name: 'slipway_build_info',
    type: 'gauge',
    help: 'Version of the server.',
    aggregator: 'max',
    read: () => [{ labels: { version: figures.version }, value: 1 }],
  });
  register(registry, {
    name: 'slipway_ready',
    type: 'gauge',
    help: 'Whether /v2/health/ready answers 200.',
    aggregator: 'min',
    read: () => one(figures.isReady() ? 1 : 0),
  });
  register(registry, {
    name: 'slipway_http_loops',
    type: 'gauge',
    help: 'HTTP event loops that report their metrics.',
    read: () => one(1),
  });
  register(registry, {
    name: 'slipway_thread_budget',
    type: 'gauge',
    help: 'CPUs this process may use, and the threads they are divided into.',
    read: () =>
      (['cpus', 'workers', 'intraOpThreads', 'codecThreads', 'imageThreads', 'ioThreads'] as const).map((use) => ({
        labels: { use, source: budget.source },
        value: budget[use],
      })),
  });
}

/** The workers, and the runs that need none. */
export function registerRunnerMetrics(registry: Registry, figures: ServerFigures): void {
  const one = (value: number): readonly Sample[] => [{ labels: {}, value }];
  register(registry, {
    name: 'slipway_worker_restarts_total',
    type: 'counter',
    help: 'Worker threads that were lost and started again.',
    read: () => one(figures.workerRestarts()),
  });
  register(registry, {
    name: 'slipway_workers_busy',
    type: 'gauge',
    help: 'Worker threads that run a model now.',
    read: () => one(figures.busyWorkers()),
  });
  for (const [name, help, figure] of runRows) {
    register(registry, { name, type: 'counter', help, read: () => one(figures.inline()?.[figure] ?? 0) });
  }
}

type RunFigures = Pick<RunnerStatus, 'inlineRuns' | 'inlineRequests' | 'inlineFullTurns' | 'wideRuns' | 'wideFailures'>;

const runRows: readonly (readonly [name: string, help: string, figure: keyof RunFigures])[] = [
  [
    'slipway_inline_runs_total',
    'Runs on the HTTP thread, because they cost less than handing them to a worker.',
    'inlineRuns',
  ],
  ['slipway_inline_requests_total', 'Requests that these runs answered.', 'inlineRequests'],
  [
    'slipway_inline_full_turns_total',
    'Cheap runs left to the workers, since runs had held the HTTP thread long enough in that turn of its loop.',
    'inlineFullTurns',
  ],
  ['slipway_wide_runs_total', 'Runs with the threads of all workers, since nothing ran beside them.', 'wideRuns'],
  [
    'slipway_wide_load_failures_total',
    'Models whose session for such runs could not be loaded; the log says why.',
    'wideFailures',
  ],
];

const memoryRows: readonly (readonly [
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  figure: (memory: ServerFigures['memory']) => number,
])[] = [
  ['slipway_request_memory_bytes', 'gauge', 'Memory that requests hold now.', ({ usedBytes }) => usedBytes],
  ['slipway_request_memory_limit_bytes', 'gauge', 'Memory that they may hold.', ({ limitBytes }) => limitBytes],
  [
    'slipway_request_memory_refusals_total',
    'counter',
    'Requests refused because the memory for requests was used up.',
    ({ refusals }) => refusals,
  ],
];

/** What requests hold together, and what was refused because of it. */
export function registerMemoryMetrics(registry: Registry, { memory }: Pick<ServerFigures, 'memory'>): void {
  for (const [name, type, help, figure] of memoryRows) {
    register(registry, { name, type, help, read: () => [{ labels: {}, value: figure(memory) }] });
  }
}

const gpuRows: readonly (readonly [name: string, help: string, figure: (gpu: GpuReading) => number | undefined])[] = [
  ['slipway_gpu_utilization_ratio', 'Share of time in which the GPU computed.', (gpu) => gpu.utilizationRatio],
  ['slipway_gpu_memory_used_bytes', 'Memory of the GPU in use.', (gpu) => gpu.memoryUsedBytes],
  ['slipway_gpu_memory_total_bytes', 'Memory of the GPU.', (gpu) => gpu.memoryTotalBytes],
  ['slipway_gpu_temperature_celsius', 'Temperature of the GPU.', (gpu) => gpu.temperatureCelsius],
  ['slipway_gpu_power_watts', 'Power that the GPU draws.', (gpu) => gpu.powerWatts],
];

/** What nvidia-smi says of every GPU; a figure it does not know has no line. */
export function registerGpuMetrics(registry: Registry, { readGpus }: Pick<ServerFigures, 'readGpus'>): void {
  for (const [name, help, figure] of gpuRows) {
    const read = async () =>
      (await readGpus()).flatMap((gpu) => {
        const value = figure(gpu);
        return value === undefined ? [] : [{ labels: { gpu: gpu.index, name: gpu.name, uuid: gpu.uuid }, value }];
      });
    register(registry, { name, help, type: 'gauge', aggregator: 'max', read });
  }
}
