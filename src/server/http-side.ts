import { Doors, type Management } from './access/doors.js';
import type { KeyRing } from './access/keys.js';
import { createNameCheck, type OwnNames } from './access/known-names.js';
import { PageGuard } from './access/page-guard.js';
import type { Tls } from './access/tls.js';
import { TokenBuckets } from './access/token-buckets.js';
import { buildApp, type App } from './http/app.js';
import type { Codec } from './codec/codec.js';
import type { Dataplane } from './dataplane.js';
import type { Exchange, ExchangeContext } from './http/exchange.js';
import type { Lifecycle } from './lifecycle.js';
import type { Log } from './log/log.js';
import type { MemoryBudget } from './memory/memory-budget.js';
import type { ModelMeters } from './metrics/model-meter.js';
import type { Metrics } from './metrics/metrics.js';
import { addDocsRoutes } from './routes/docs.js';
import { addInferRoutes } from './routes/inference-route.js';
import { addMetricsRoute } from './routes/metrics.js';
import { addOpenAiRoutes } from './routes/openai.js';
import { addPageRoutes, samplesOf } from './routes/page.js';
import { addPredictionRoutes } from './routes/predictions.js';
import { addStreamRoutes } from './routes/stream.js';
import { addV1Routes } from './routes/v1.js';
import { addRepositoryRoutes, addV2Routes } from './routes/v2.js';
import { ReadLine } from './http/body/read-line.js';
import type { Router } from './http/router.js';
import type { Telemetry } from './telemetry/telemetry.js';
import type { Streams } from './stream/streams.js';
import type { ModelsPlace } from './settings/models-place.js';
import type { Settings } from './settings/settings.js';

/** What the HTTP side of a server needs. */
export interface HttpDeps {
  readonly settings: Settings;
  readonly models: ModelsPlace | Promise<ModelsPlace>;
  readonly version: string;
  readonly processTag: string;
  readonly keys: KeyRing;
  readonly tls?: Tls | undefined;
  readonly ownNames: OwnNames;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
  readonly dataplane: Dataplane;
  readonly codec: Codec;
  readonly streams: Streams;
  readonly meters: ModelMeters;
  readonly memory: MemoryBudget;
  readonly telemetry: Telemetry | undefined;
  readonly metrics: () => Promise<Metrics>;
}

/** The app with every route; /metrics and management have apps of their own where the settings give them ports. */
export interface HttpSide {
  /** Who is let in at the main port, and what for. */
  readonly doors: Doors;
  readonly main: App;
  readonly metrics: App | undefined;
  readonly management: App | undefined;
}

/** Puts the HTTP side together. */
export function buildHttpSide(deps: HttpDeps): HttpSide {
  const { settings, processTag } = deps;
  const guard = createPageGuard(deps);
  const shared = { settings, processTag, exchange: exchangeContext(deps, guard), guard, tls: deps.tls };
  const { isOpen, port } = settings.management;
  const rate = new TokenBuckets(settings.auth.ratePerSecond, () => performance.now());
  const doorsOf = (management: Management) => new Doors({ keys: deps.keys, rate, management });
  const doors = doorsOf(port !== undefined ? 'elsewhere' : isOpen ? 'open' : 'keys');
  const hasMetricsPort = settings.metricsPort !== undefined;
  const main = buildApp({
    ...shared,
    doors,
    routes: (router) => {
      addMainRoutes(router, deps, doors);
      if (!hasMetricsPort) addMetricsRoute(router, deps.metrics);
    },
  });
  const metrics = hasMetricsPort
    ? buildApp({ ...shared, doors, routes: (router) => addMetricsRoute(router, deps.metrics) })
    : undefined;
  if (port === undefined) return { doors, main, metrics, management: undefined };
  const opened = doorsOf('open');
  const routes = (router: Router): void => addControlRoutes(router, deps, opened);
  return { doors, main, metrics, management: buildApp({ ...shared, doors: opened, routes }) };
}

function addMainRoutes(router: Router, deps: HttpDeps, doors: Doors): void {
  const { settings, dataplane, codec } = deps;
  const { bodyBytes } = settings.limits;
  const inference = { dataplane, codec, bodyBytes, compressFromBytes: settings.compressFromBytes };
  addInferRoutes(router, inference);
  addV1Routes(router, inference);
  addOpenAiRoutes(router, inference);
  addPredictionRoutes(router, inference);
  addControlRoutes(router, deps, doors);
  const samples = samplesOf(deps.models);
  addDocsRoutes(router, { options: documentOptions(deps), dataplane, samples });
  addPageRoutes(router, samples);
  addStreamRoutes(router, deps.streams, doors);
}

/** Health, models, and what changes them. */
function addControlRoutes(router: Router, { settings, dataplane, log }: HttpDeps, doors: Doors): void {
  addV2Routes(router, dataplane);
  addRepositoryRoutes(router, { dataplane, doors, log, bodyBytes: settings.limits.bodyBytes });
}

function createPageGuard({ settings: { pages, host }, ownNames }: HttpDeps): PageGuard {
  const isKnownName = createNameCheck(ownNames, [host, ...pages.allowedHosts]);
  return new PageGuard({ isKnownName, allowedOrigins: pages.allowedOrigins });
}

function exchangeContext(deps: HttpDeps, guard: PageGuard): ExchangeContext {
  const { log, settings, lifecycle, meters, memory, telemetry } = deps;
  return {
    telemetry,
    hasReaders: settings.pages.allowedOrigins.length > 0,
    isReadableBy: (origin) => guard.allows(origin),
    log,
    memory,
    line: new ReadLine(settings.limits.keepAliveMs),
    accessLog: settings.log.access,
    untakenMs: settings.limits.requestTimeoutMs,
    isStopping: () => lifecycle.phase.kind === 'stopping',
    onAnswered: (exchange: Exchange, status: number) => {
      if (exchange.inference === undefined) return;
      meters.record(exchange.inference, { status, transport: 'http' }, performance.now() - exchange.startedMs);
    },
  };
}

function documentOptions({ settings, version, keys }: HttpDeps) {
  return { title: settings.serverName, version, basePath: settings.basePath, isGuarded: !keys.isEmpty };
}
