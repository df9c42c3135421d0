import { AppError, messageOf } from '../errors.js';
import { addressOf } from '../protocol/authority.js';
import { encodeServerHealth } from '../protocol/server-health.js';
import type { ModelEvent } from '../repository/events.js';
import type { App } from './http/app.js';
import { startBackend, type Backend, type BackendStart } from './backend/backend.js';
import { createCodec, type Codec } from './codec/codec.js';
import { Dataplane } from './dataplane.js';
import type { OpenHealthPort } from './health-port/health-port.js';
import type { GrpcServer } from '../grpc/server.js';
import type { GrpcDeps } from './grpc/grpc-host.js';
import { buildHttpSide, type HttpDeps, type HttpSide } from './http-side.js';
import { Lifecycle } from './lifecycle.js';
import { listen } from './listen.js';
import { lazyMetrics } from './metrics/lazy-metrics.js';
import { MemoryBudget } from './memory/memory-budget.js';
import type { Metrics } from './metrics/metrics.js';
import { ModelLoads } from './metrics/model-loads.js';
import { ModelMeters } from './metrics/model-meter.js';
import { createModelEvents } from './backend/model-events.js';
import { once } from './once.js';
import { openPipelines } from './pipelines/open.js';
import type { Pipelines } from './pipelines/pipelines.js';
import { startPolling } from './backend/polling.js';
import type { Telemetry } from './telemetry/telemetry.js';
import type { ServeOptions } from './serve-options.js';
import type { Ledger } from './startup-text.js';
import { Streams } from './stream/streams.js';

/** A server that listens. */
export interface RunningServer {
  readonly url: string;
  /** `host:port` of the gRPC service; undefined: there is none. */
  readonly grpcAddress: string | undefined;
  readonly app: App;
  readonly dataplane: Dataplane;
  /** Every model is ready or has failed; rejects where the workers or the models' folder did. */
  readonly loaded: Promise<Ledger>;
  /** What requests hold now. */
  readonly memory: MemoryBudget;
  /** Where `--health-port` listens. */
  readonly healthPort: number | undefined;
  /** Workers that run a model now. */
  busyWorkers(): number;
  /** What runs now is not to be suspected of the end that follows. */
  endJournal(): void;
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
  const lifecycle = new Lifecycle(options.settings.readyWhen);
  const counts = createCounts(options.requestMemoryBytes);
  const telemetry = await openOwnTelemetry(options, () => metrics());
  const { codec, pipelines, dataplane } = openDataplane(options, lifecycle);
  const backend = startModels(options, { lifecycle, ...counts, telemetry });
  let opened: Backend | undefined;
  const loaded = follow(backend, { lifecycle, options, pipelines, onOpened: (value) => (opened = value) });
  const figures = { options, ...counts, dataplane, crashes: backend.crashes.records };
  const metrics = lazyMetrics({ ...figures, runner: () => opened?.runner });
  const served = { ...options, ...counts, lifecycle, dataplane, codec, telemetry };
  const parts = { ...served, streams: new Streams(served) };
  let http: HttpSide | undefined;
  let healthPort: OpenHealthPort | undefined;
  let grpc: GrpcServer | undefined;
  const stop = once(() => stopServer({ ...parts, options, backend, pipelines, http, grpc, healthPort }));
  try {
    http = buildHttpSide({ ...parts, metrics });
    const url = await listen(http, options.settings);
    pipelines.listensAt(url);
    healthPort = await openOwnHealthPort(options, dataplane, metrics);
    grpc = await openGrpc({ ...parts, doors: http.doors });
    prewarmAfter(loaded, { ...parts, metrics });
    return {
      url,
      grpcAddress: grpc === undefined ? undefined : addressOf(options.settings.host, grpc.port),
      app: http.main,
      dataplane,
      memory: counts.memory,
      healthPort: healthPort?.port,
      loaded,
      stop,
      endJournal: () => backend.crashes.journal?.remove(),
      busyWorkers: () => opened?.runner.status().busyWorkers ?? 0,
    };
  } catch (thrown) {
    await Promise.race([stop(), wait(failedStartMs)]);
    throw thrown;
  }
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

function openDataplane(options: ServeOptions, lifecycle: Lifecycle) {
  const { settings, version, budget } = options;
  const codec = openCodec(options);
  const pipelines = openPipelines({ options, lifecycle, codec });
  return { codec, pipelines, dataplane: new Dataplane({ lifecycle, settings, version, budget, pipelines }) };
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
  const stateMemory = { take: (bytes: number) => memory.take(bytes, 0), give: (bytes: number) => memory.give(bytes) };
  return startBackend(
    { ...options, stateMemory },
    {
      onModelEvent: createModelEvents({ log, lifecycle, isStartTold, count }),
      onTracedRun: telemetry?.noteRun,
    },
  );
}

async function openOwnHealthPort(
  { settings, ownNames, keys }: ServeOptions,
  dataplane: Dataplane,
  metrics: () => Promise<Metrics>,
): Promise<OpenHealthPort | undefined> {
  const { host, healthPort: port, basePath, pages, auth } = settings;
  if (port === undefined) return undefined;
  const hasMetrics = keys.isEmpty || auth.openMetrics;
  const health = () => {
    const now = dataplane.health();
    return { status: now.ready ? 200 : 503, body: JSON.stringify(encodeServerHealth(now)) };
  };
  const { openHealthPort } = await import('./health-port/health-port.js');
  return openHealthPort({ host, port, basePath, pages, ownNames, hasMetrics, health, metrics });
}

function openCodec({ log, onStuck, budget, settings }: ServeOptions): Codec {
  return createCodec({
    threads: budget.codecThreads,
    image: { threads: budget.imageThreads, maxPixels: settings.limits.pixels },
    events: {
      onStuck: (event) => log.error(event, 'a codec task took too long: its request failed, its thread is replaced'),
      onLost: (threads) => onStuck(`${threads} codec threads do not end`),
    },
  });
}

/** The gRPC service where the settings have a port for it; nothing of it is loaded otherwise. */
async function openGrpc(deps: GrpcDeps): Promise<GrpcServer | undefined> {
  const { grpcPort } = deps.settings;
  if (grpcPort === undefined) return undefined;
  const { openGrpc: open } = await import('./grpc/open-grpc.js');
  return open(deps, grpcPort);
}

/** What the start can do without and the first requests would wait for, once the start has been told. */
function prewarmAfter(
  loaded: Promise<unknown>,
  { log, metrics, dataplane, codec }: Pick<HttpDeps, 'log' | 'metrics' | 'dataplane' | 'codec'>,
): void {
  const prewarm = () => Promise.all([metrics(), dataplane.takesImages ? codec.prewarm() : undefined]);
  const tell = (thrown: unknown) => {
    if (thrown instanceof AppError && thrown.code === 'SHUTTING_DOWN') return;
    const text = 'what the first requests need could not be made ready: they will wait for it';
    log.warn({ reason: messageOf(thrown) }, text);
  };
  loaded.then(() => setImmediate(() => void prewarm().catch(tell))).catch(() => undefined);
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

interface Stopping {
  readonly options: ServeOptions;
  readonly lifecycle: Lifecycle;
  /** Undefined where the start failed before. */
  readonly http: HttpSide | undefined;
  readonly grpc: GrpcServer | undefined;
  readonly codec: Codec;
  readonly streams: Streams;
  readonly backend: BackendStart;
  readonly healthPort: OpenHealthPort | undefined;
  readonly telemetry: Telemetry | undefined;
  readonly pipelines: Pipelines;
}

/** The longest that the end waits for telemetry to be sent. */
const mostTelemetryMs = 3000;

async function stopServer(stopping: Stopping): Promise<void> {
  const { options, lifecycle, http, grpc, codec, backend, healthPort, telemetry, pipelines, streams } = stopping;
  const startMs = performance.now();
  const { delayMs, timeoutMs } = options.settings.stop;
  lifecycle.stop();
  pipelines.close();
  healthPort?.push();
  const opened = await backend.opened.catch(() => undefined);
  if (http?.main.fastify.server.listening === true) await wait(delayMs);
  await Promise.all([streams.stop(), closeApp(http?.main), grpc?.stop()]);
  await closeApp(http?.management);
  const leftMs = delayMs + timeoutMs - (performance.now() - startMs);
  await telemetry?.stop(Math.max(0, Math.min(mostTelemetryMs, leftMs / 2)));
  await opened?.repository.close();
  await opened?.runner.close();
  await codec.close();
  await closeApp(http?.metrics);
  await healthPort?.close();
}

/** A connection accepted just now may have a request under way; one that stays silent this long is not waited for. */
const silenceMs = 500;

async function closeApp(app: App | undefined): Promise<void> {
  if (app === undefined) return;
  const { fastify, connections } = app;
  const timer = setTimeout(() => connections.closeSilent(), silenceMs);
  await fastify.close();
  clearTimeout(timer);
}

function wait(ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
