import type { IncomingMessage } from 'node:http';
import {
  fastify,
  type FastifyError,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify';
import { createRequestIds, Exchange, type ExchangeContext } from './exchange.js';
import { tooLarge } from './http-errors.js';
import { followConnections, type OpenConnections } from './open-connections.js';
import { Router } from './router.js';
import { refuseConnection } from './refused-connection.js';
import type { Settings } from './settings.js';
import { checkKey, type KeyDigests } from './api-keys.js';
import type { PageGuard } from './access/page-guard.js';

/** What the HTTP side is built from. */
export interface AppDeps {
  readonly settings: Settings;
  readonly exchange: ExchangeContext;
  /** Starts every request id of this process. */
  readonly processTag: string;
  /** Keys that clients must show; empty: none. */
  readonly keys: KeyDigests;
  readonly guard: PageGuard;
  /** Registers the routes. */
  readonly routes: (router: Router) => void;
}

/** An app with its routes, not listening. */
export interface App {
  readonly fastify: FastifyInstance;
  readonly router: Router;
  readonly connections: OpenConnections;
}

/**
 * Builds the HTTP side. The framework's defaults that the protocol does not allow are overruled here: content types are
 * never judged, bodies arrive as bytes, every refusal has the body `{"error": text}`, and known paths answer 405.
 */
export function buildApp(deps: AppDeps): App {
  const { settings } = deps;
  const app = fastify(serverOptions(deps));
  app.server.maxConnections = settings.limits.connections === 0 ? Infinity : settings.limits.connections;
  app.removeAllContentTypeParsers();
  app.decorateRequest('contentType', undefined);
  app.decorateRequest('bodyBytes', 0);
  app.addHook('onRequest', (request, _reply, done) => {
    takeBodyHeaders(request);
    done();
  });
  if (deps.keys.length > 0) guardWithKeys(app, deps);
  guardFromPages(app, deps);
  app.setErrorHandler((error: FastifyError, request, reply) => failExchange(deps, { error, request, reply }));
  const router = new Router(app, deps.exchange);
  deps.routes(router);
  router.close();
  return { fastify: app, router, connections: followConnections(app.server) };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The Content-Type as sent; the header itself is hidden from the framework, which would judge it. */
    contentType: string | undefined;
    /** Content-Length, 0 where there is no body, undefined where it comes in chunks; hidden from the framework, which would read it. */
    bodyBytes: number | undefined;
  }
}

function serverOptions(deps: AppDeps): FastifyHttpOptions<RawServerDefault> {
  const { limits, basePath } = deps.settings;
  const newId = createRequestIds(deps.processTag);
  return {
    logger: false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionTimeout: 0,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: 1000,
    },
    genReqId: ({ headers }: IncomingMessage) => newId(headers),
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      failExchange(deps, { error, request, reply }),
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: true },
    rewriteUrl: ({ url }: IncomingMessage) => withoutBase(url ?? '/', basePath),
  };
}

/** Paths outside the base become one that no route has, so that they are a 404. */
function withoutBase(url: string, basePath: string): string {
  if (basePath === '') return url;
  if (url === basePath) return '/';
  const rest = url.startsWith(basePath) ? url.slice(basePath.length) : '';
  if (rest.startsWith('/')) return rest;
  return rest.startsWith('?') ? `/${rest}` : `/outside-base-path${url}`;
}

function takeBodyHeaders(request: FastifyRequest): void {
  const { headers } = request.raw;
  const { 'content-type': type, 'content-length': length } = headers;
  if (type !== undefined) {
    request.contentType = type;
    delete headers['content-type'];
  }
  if (headers['transfer-encoding'] !== undefined) {
    request.bodyBytes = undefined;
    delete headers['transfer-encoding'];
  } else if (length !== undefined) {
    request.bodyBytes = Number(length);
    delete headers['content-length'];
  }
}

const health = /^\/v2\/health\/(?:live|ready)(?:\?|$)/;
const metrics = /^\/metrics(?:\?|$)/;

/**
 * Judges every request, also those to paths that do not exist. Probes may name the server as they like; so may who has shown a key, which
 * a page that took a name over does not know, and there is nothing to read without one then.
 */
function guardFromPages(app: FastifyInstance, { guard, exchange, keys, settings }: AppDeps): void {
  const isProved = (url: string): boolean =>
    health.test(url) || (keys.length > 0 && !(settings.auth.openMetrics && metrics.test(url)));
  app.addHook('onRequest', (request, reply, done) => {
    const { method, headers, originalUrl: url, raw } = request;
    try {
      guard.check({ method, headers, rawHeaders: raw.rawHeaders, url, isProved: () => isProved(request.url) });
      done();
    } catch (thrown) {
      new Exchange(exchange, request, reply).fail(thrown);
    }
  });
}

/** Health is open to everyone, so that a balancer needs no key; so are the page's own files, which ask for one, and OPTIONS,
 * with which browsers bring none. */
function guardWithKeys(app: FastifyInstance, { keys, settings, exchange }: AppDeps): void {
  const open = settings.auth.openMetrics
    ? /^\/(v2\/health\/(live|ready)|playground\/[\w.-]+|metrics)?(\?|$)/
    : /^\/(v2\/health\/(live|ready)|playground\/[\w.-]+)?(\?|$)/;
  app.addHook('onRequest', (request, reply, done) => {
    try {
      if (request.method !== 'OPTIONS' && !open.test(request.url)) checkKey(request.headers, keys);
      done();
    } catch (thrown) {
      new Exchange(exchange, request, reply).fail(thrown);
    }
  });
}

interface Failure {
  readonly error: Error;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

function failExchange(deps: AppDeps, { error, request, reply }: Failure): void {
  const isTooLarge = (error as FastifyError).code === 'FST_ERR_CTP_BODY_TOO_LARGE';
  new Exchange(deps.exchange, request, reply).fail(isTooLarge ? tooLarge(deps.settings.limits.bodyBytes) : error);
}
