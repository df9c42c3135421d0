import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import {
  fastify,
  type FastifyError,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify';
import { answerHalfClosed } from './connections/half-closed.js';
import { holdContinue } from './body/body.js';
import { bodyBytesOf, DirectReply, DirectRequest, serveDirectly } from './direct.js';
import { createRequestIds, Exchange, type ExchangeContext, type RequestIds } from './exchange.js';
import { createGates, passes, type Gate } from './gates.js';
import { tooLarge } from './http-errors.js';
import { followConnections, type OpenConnections } from './connections/open-connections.js';
import { Router } from './router.js';
import { refuseConnection, refuseUnserved } from './connections/refused-connection.js';
import type { Settings } from '../settings/settings.js';
import type { Caller, Doors } from '../access/doors.js';
import type { PageGuard } from '../access/page-guard.js';
import type { Tls } from '../access/tls.js';
import { createTlsServer } from './connections/tls-server.js';

/** What the HTTP side is built from. */
export interface AppDeps {
  readonly settings: Settings;
  readonly exchange: ExchangeContext;
  /** Starts every request id of this process. */
  readonly processTag: string;
  readonly doors: Doors;
  readonly guard: PageGuard;
  /** Undefined: plain HTTP. */
  readonly tls: Tls | undefined;
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
  const newId = createRequestIds(deps.processTag);
  const app = fastify(serverOptions(deps, newId));
  app.server.maxConnections = settings.limits.connections === 0 ? Infinity : settings.limits.connections;
  // Node leaves out those after the first thousand, without a word; their bytes have a limit.
  app.server.maxHeadersCount = 0;
  app.removeAllContentTypeParsers();
  app.decorateRequest('contentType', undefined);
  app.decorateRequest('bodyBytes', 0);
  app.decorateRequest('caller');
  const gates = createGates(deps);
  app.addHook('onRequest', (request, reply, done) => {
    takeBodyHeaders(request);
    if (passes(gates, deps.exchange, { request, reply })) done();
  });
  app.setErrorHandler((error: FastifyError, request, reply) => failExchange(deps, { error, request, reply }));
  answerHalfClosed(app.server);
  holdContinue(app.server);
  refuseUnserved(app.server);
  app.server.on('connection', () => deps.exchange.line.arrive());
  const router = new Router(app, deps.exchange);
  deps.routes(router);
  router.close();
  // Elsewhere the framework takes the base off.
  if (settings.basePath === '') serveDirectly(app.server, createDirect(deps, { router, gates, newId }));
  return { fastify: app, router, connections: followConnections(app.server) };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The Content-Type as sent; the header itself is hidden from the framework, which would judge it. */
    contentType: string | undefined;
    /** Content-Length, 0 where there is no body, undefined where it comes in chunks; hidden from the framework, which would read it. */
    bodyBytes: number | undefined;
    /** Who asks. */
    caller: Caller | undefined;
  }
}

function serverOptions(deps: AppDeps, newId: RequestIds): FastifyHttpOptions<RawServerDefault> {
  const { tls, settings } = deps;
  const { limits, basePath } = settings;
  const { headersTimeoutMs, requestTimeoutMs } = limits;
  const http = {
    maxHeaderSize: limits.headerBytes,
    // Node refuses a request that may take less long than its headers.
    headersTimeout: requestTimeoutMs === 0 ? headersTimeoutMs : Math.min(headersTimeoutMs, requestTimeoutMs),
    // Else Node compares the headers' time with its own default.
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: 1000,
    // Missing ones are refused at the gates, in the form of other errors.
    requireHostHeader: false,
  };
  // What the framework would set on a server of its own.
  const timeouts = { requestTimeout: requestTimeoutMs, keepAliveTimeout: limits.keepAliveMs };
  return {
    logger: false,
    bodyLimit: limits.bodyBytes,
    ...timeouts,
    connectionTimeout: 0,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http,
    ...(tls === undefined
      ? {}
      : {
          serverFactory: (onRequest: RequestListener) =>
            createTlsServer(tls, { options: { ...http, ...timeouts }, onRequest }),
        }),
    genReqId: ({ headers }: IncomingMessage) => newId(headers),
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      failExchange(deps, { error, request, reply }),
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: true },
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    rewriteUrl: ({ url }: IncomingMessage) => withoutBase(url ?? '/', basePath),
  };
}

/** No route has a schema of the framework's: what would compile them takes a sixth of the start and several megabytes to load. */
function noSchemas(): never {
  throw new Error('Routes here have no schemas: bodies are read by the protocol.');
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
  request.bodyBytes = bodyBytesOf(headers);
  request.contentType = headers['content-type'];
  delete headers['content-type'];
  delete headers['transfer-encoding'];
  delete headers['content-length'];
}

interface DirectParts {
  readonly router: Router;
  readonly gates: readonly Gate[];
  readonly newId: RequestIds;
}

/** Takes requests whose path is plain past the framework, which costs such a request as much as reading its tensors. */
function createDirect({ exchange }: AppDeps, { router, gates, newId }: DirectParts) {
  return (raw: IncomingMessage, response: ServerResponse): boolean => {
    const route = raw.method === 'POST' ? router.direct.find(raw.url ?? '') : undefined;
    if (route === undefined) return false;
    const request = new DirectRequest(raw, newId(raw.headers), route);
    const reply = new DirectReply(response);
    if (passes(gates, exchange, { request, reply })) router.handle(route.handler, request, reply);
    return true;
  };
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
