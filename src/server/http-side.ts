import { digestKeys } from './api-keys.js';
import { createNameCheck, type OwnNames } from './access/known-names.js';
import { PageGuard } from './access/page-guard.js';
import { buildApp, type App } from './app.js';
import type { Codec } from './codec/codec.js';
import type { Dataplane } from './dataplane.js';
import type { Exchange, ExchangeContext } from './exchange.js';
import type { Lifecycle } from './lifecycle.js';
import type { Log } from './log.js';
import type { MemoryBudget } from './memory/memory-budget.js';
import type { ModelMeters } from './metrics/model-meter.js';
import type { Metrics } from './metrics/metrics.js';
import { addDocsRoutes } from './routes/docs.js';
import { addInferRoutes } from './routes/infer.js';
import { addMetricsRoute } from './routes/metrics.js';
import { addPageRoutes } from './routes/page.js';
import { addPredictionRoutes } from './routes/predictions.js';
import { addV1Routes } from './routes/v1.js';
import { addRepositoryRoutes, addV2Routes } from './routes/v2.js';
import type { ModelsPlace } from './models-place.js';
import type { Settings } from './settings.js';

export interface HttpDeps {
  readonly settings: Settings;
  readonly models: ModelsPlace;
  readonly version: string;
  readonly processTag: string;
  /** Keys of the settings and of their file. */
  readonly keys: readonly string[];
  readonly ownNames: OwnNames;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
  readonly dataplane: Dataplane;
  readonly codec: Codec;
  readonly meters: ModelMeters;
  readonly memory: MemoryBudget;
  readonly metrics: () => Promise<Metrics>;
}

/** The app with every route; /metrics has an app of its own where the settings give it a port. */
export interface HttpSide {
  readonly main: App;
  readonly metrics: App | undefined;
}

/** Puts the HTTP side together. */
export function buildHttpSide(deps: HttpDeps): HttpSide {
  const { settings, processTag } = deps;
  const guard = createPageGuard(deps);
  const shared = { settings, processTag, exchange: exchangeContext(deps, guard), keys: digestKeys(deps.keys), guard };
  const hasOwnPort = settings.metricsPort !== undefined;
  const main = buildApp({
    ...shared,
    routes: (router) => {
      const { bodyBytes } = settings.limits;
      const { dataplane, codec } = deps;
      const inference = { dataplane, codec, bodyBytes, compressFromBytes: settings.compressFromBytes };
      addInferRoutes(router, inference);
      addV1Routes(router, inference);
      addPredictionRoutes(router, inference);
      addV2Routes(router, { dataplane, bodyBytes });
      addRepositoryRoutes(router, { dataplane, bodyBytes });
      addDocsRoutes(router, documentOptions(deps));
      addPageRoutes(router, deps.models);
      if (!hasOwnPort) addMetricsRoute(router, deps.metrics);
    },
  });
  if (!hasOwnPort) return { main, metrics: undefined };
  return { main, metrics: buildApp({ ...shared, routes: (router) => addMetricsRoute(router, deps.metrics) }) };
}

function createPageGuard({ settings: { pages, host }, ownNames }: HttpDeps): PageGuard {
  const isKnownName = createNameCheck(ownNames, [host, ...pages.allowedHosts]);
  return new PageGuard({ isKnownName, allowedOrigins: pages.allowedOrigins });
}

function exchangeContext({ log, settings, lifecycle, meters, memory }: HttpDeps, guard: PageGuard): ExchangeContext {
  return {
    isReadableBy: (origin) => guard.allows(origin),
    log,
    memory,
    accessLog: settings.log.access,
    isStopping: () => lifecycle.phase.kind === 'stopping',
    onAnswered: (exchange: Exchange, status: number) => {
      if (exchange.inference === undefined) return;
      meters.record(exchange.inference, status, performance.now() - exchange.startedMs);
    },
  };
}

function documentOptions({ settings, version, keys }: HttpDeps) {
  return { title: settings.serverName, version, basePath: settings.basePath, isGuarded: keys.length > 0 };
}
