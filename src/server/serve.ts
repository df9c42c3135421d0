import { AppError, messageOf } from '../errors.js';
import { isDecoderInstalled } from '../image/files/decoder-presence.js';
import type { ModelEvent } from '../repository/events.js';
import type { App } from './http/app.js';
import { startBackend, type Backend, type BackendStart } from './backend/backend.js';
import { createCodec, type Codec } from './codec/codec.js';
import { Dataplane } from './dataplane.js';
import { leaveAll, stopServer, wait } from './ending.js';
import { buildHttpSide, type HttpDeps } from './http-side.js';
import { Lifecycle } from './lifecycle.js';
import { lazyMetrics } from './metrics/lazy-metrics.js';
import { MemoryBudget } from './memory/memory-budget.js';
import { createStateMemory } from './memory/state-memory.js';
import type { SpareBuffers } from './memory/spare-buffers.js';
import type { Metrics } from './metrics/metrics.js';
import { ModelLoads } from './metrics/model-loads.js';
import { ModelMeters } from './metrics/model-meter.js';
import { createModelEvents } from './backend/model-events.js';
import { openPipelines } from './pipelines/open.js';
import type { Pipelines } from './pipelines/pipelines.js';
import { expectedAddresses, openPorts, type Addresses, type Ports } from './ports.js';
import { startPolling } from './backend/polling.js';
import type { Telemetry } from './telemetry/telemetry.js';
import type { ServeOptions } from './serve-options.js';
import type { Ledger } from './describe/startup-text.js';
import { Streams } from './stream/streams.js';

/** A server that listens. */
export interface RunningServer extends Addresses {
  /** Every port is open; rejects with PORT_IN_USE or USAGE. Pending where another process serves there until this one's turn comes. */
  readonly listening: Promise<unknown>;
  readonly app: App;
  readonly dataplane: Dataplane;
  /** Every model is ready or has failed; rejects where the workers or the models' folder did. */
  readonly loaded: Promise<Ledger>;
  /** What requests hold now. */
  readonly memory: MemoryBudget;
  /** Workers that run a model now. */
  busyWorkers(): number;
  /** What runs now is not to be suspected of the end that follows. */
  endJournal(): void;
  /**
   * Takes no more connections, for another process does, and answers those there are until they are closed, each after its next answer.
   * Resolves when none is left, or an idle one has been kept for as long as clients may expect.
   */
  leave(): Promise<void>;
  /** Ready turns 503; after the delay nothing new is taken, running and queued requests finish, and everything ends. */
  stop(): Promise<void>;
}

/** A model that is being loaded, perhaps for ever, may hold up the end of a start that failed this long. */
const failedStartMs = 2000;

/**
 * Starts a server: it listens at once, live and not ready, while the workers start and the models load. Rejects with
 * PORT_IN_USE or USAGE; nothing is left running then, but for what did not end within two seconds.
 */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { settings, succession } = options;
  const lifecycle = new Lifecycle(settings.readyWhen);
  const counts = createCounts(options.requestMemoryBytes);
  const [telemetry, join] = await Promise.all([openOwnTelemetry(options, () => metrics()), findJoin(options)]);
  const { codec, pipelines, dataplane } = openDataplane(options, lifecycle, counts.memory);
  const backend = startModels(options, { lifecycle, ...counts, telemetry });
  let opened: Backend | undefined;
  const loaded = follow(backend, { lifecycle, options, pipelines, onOpened: (value) => (opened = value) });
  const served = { ...options, ...counts, lifecycle, dataplane, codec, telemetry };
  const parts = { ...served, streams: new Streams(served) };
  const metrics = lazyMetrics({ ...parts, options, crashes: backend.crashes.records, runner: () => opened?.runner });
  const shown = join(dataplane, metrics);
  const ports: Ports = {};
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stopServer({ ...parts, options, backend, pipelines, ports }));
  try {
    const http = (ports.http = buildHttpSide({ ...parts, metrics: shown }));
    const listening = openPorts({ ...parts, http, metrics: shown, options }, ports);
    if (succession !== undefined) lifecycle.onChange(() => succession.tellHealth(lifecycle.health()));
    const addresses = succession?.turn === undefined ? await listening : expectedAddresses(settings);
    pipelines.listensAt(addresses.url);
    tellMissingDecoder(loaded, parts);
    return {
      ...addresses,
      listening,
      app: http.main,
      dataplane,
      memory: counts.memory,
      loaded,
      leave: () => leaveAll(parts, ports),
      stop,
      endJournal: () => backend.crashes.journal?.remove(),
      busyWorkers: () => opened?.runner.status().busyWorkers ?? 0,
    };
  } catch (thrown) {
    await Promise.race([stop(), wait(failedStartMs)]);
    throw thrown;
  }
}

type ReadMetrics = () => Promise<Metrics>;

/** How it becomes one of several HTTP loops, whose metrics it shows then; nothing of it is loaded where it is alone. */
async function findJoin({ loop }: ServeOptions): Promise<(own: Dataplane, metrics: ReadMetrics) => ReadMetrics> {
  if (loop === undefined) return (_, metrics) => metrics;
  const { joinLoops } = await import('./loops/answers.js');
  return (own, metrics) => joinLoops(loop, own, metrics);
}

const createCounts = (memoryBytes: number) => ({
  meters: new ModelMeters(),
  loads: new ModelLoads(),
  memory: new MemoryBudget(memoryBytes),
});

/** Nothing of it is loaded where no variable asks for it. Another program may have an SDK of its own, and its variables are not for this server. */
async function openOwnTelemetry(
  { env, isGuest, settings, version, processTag, log, clock }: ServeOptions,
  metrics: () => Promise<Metrics>,
): Promise<Telemetry | undefined> {
  if (isGuest === true || !Object.keys(env).some((name) => name.startsWith('OTEL_'))) return undefined;
  const { openTelemetry } = await import('./telemetry/open-telemetry.js');
  const readMetrics = async () => (await metrics()).read();
  return openTelemetry({ env, serviceName: settings.serverName, version, processTag, log, clock, readMetrics });
}

function openDataplane(options: ServeOptions, lifecycle: Lifecycle, { spares }: MemoryBudget) {
  const { settings, version, budget, loop } = options;
  const codec = openCodec(options, spares);
  const pipelines = openPipelines({ options, lifecycle, codec });
  return { codec, pipelines, dataplane: new Dataplane({ lifecycle, settings, version, budget, pipelines, loop }) };
}

interface ModelsStart {
  readonly lifecycle: Lifecycle;
  readonly loads: ModelLoads;
  readonly memory: MemoryBudget;
  readonly telemetry: Telemetry | undefined;
}

function startModels(options: ServeOptions, { lifecycle, loads, memory, telemetry }: ModelsStart): BackendStart {
  const { log, settings } = options;
  const isStartTold = settings.log.format !== 'json';
  const count = (event: ModelEvent) => loads.record(event);
  return startBackend(
    { ...options, stateMemory: createStateMemory(memory) },
    {
      onModelEvent: createModelEvents({ log, lifecycle, isStartTold, count }),
      onTracedRun: telemetry?.noteRun,
    },
  );
}

function openCodec({ log, onStuck, budget, settings }: ServeOptions, spares: SpareBuffers): Codec {
  return createCodec({
    threads: budget.codecThreads,
    image: { threads: budget.imageThreads, maxPixels: settings.limits.pixels },
    events: {
      onStuck: (event) => log.error(event, 'a codec task took too long: its request failed, its thread is replaced'),
      onLost: (threads) => onStuck(`${threads} codec threads do not end`),
    },
    spares,
  });
}

/** The library that reads most images is loaded by the first of them: that it is not there is told before. */
function tellMissingDecoder(loaded: Promise<unknown>, { log, dataplane }: Pick<HttpDeps, 'log' | 'dataplane'>): void {
  const tell = () => {
    if (!dataplane.takesImages || isDecoderInstalled()) return;
    const fix = 'install again without leaving out optional packages';
    log.warn(
      { expected: '@img/sharp-*', fix },
      'the image library is not installed for this platform: plain JPEGs alone are read',
    );
  };
  loaded.then(tell).catch(() => undefined);
}

interface Following {
  readonly pipelines: Pipelines;
  readonly lifecycle: Lifecycle;
  readonly options: ServeOptions;
  readonly onOpened: (backend: Backend) => void;
}

/** Takes requests as soon as the models' folder is read: each model answers when it is ready itself. */
function follow(backend: BackendStart, { lifecycle, options, onOpened, pipelines }: Following): Promise<Ledger> {
  const loaded = backend.opened.then(async (opened) => {
    onOpened(opened);
    lifecycle.include(() => pipelines.readiness());
    lifecycle.serve(opened.repository);
    const poll = async (): Promise<void> => {
      await opened.repository.poll();
      await pipelines.refresh();
    };
    if (options.settings.modelControl === 'poll') startPolling({ poll }, options);
    await pipelines.refresh();
    const ledger = await backend.settled;
    pipelines.tell();
    return ledger;
  });
  loaded.then(
    () => lifecycle.endStart(),
    (thrown: unknown) => lifecycle.fail(thrown instanceof AppError ? thrown.code : 'INTERNAL', messageOf(thrown)),
  );
  return loaded;
}
