import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { AppError } from '../../errors.js';
import { DirectRoutes } from './direct.js';
import { Exchange, type ExchangeContext, type ExchangeReply, type ExchangeRequest, type Handler } from './exchange.js';

/** The parameters that a path knows; `any` where pages, probes and scrapers add some of their own. */
type KnownQuery = readonly string[] | 'any';

const verbs = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const satisfies readonly HTTPMethods[];

/** Registers routes so that all of them answer, refuse and are counted alike. */
export class Router {
  readonly #app: FastifyInstance;
  readonly #context: ExchangeContext;
  readonly #methods = new Map<string, Set<string>>();
  /** Those of POST, for requests that need not pass through the framework. */
  readonly direct = new DirectRoutes();

  constructor(app: FastifyInstance, context: ExchangeContext) {
    this.#app = app;
    this.#context = context;
  }

  /** Paths with their methods, as registered; HEAD comes with GET and is not listed. */
  get routes(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#methods;
  }

  /** `query`: the parameters after the `?` that the path knows; others are refused. */
  get(path: string, handler: Handler, query: KnownQuery = []): void {
    this.#add('GET', path, withQuery(handler, query));
  }

  post(path: string, handler: Handler, query: KnownQuery = []): void {
    this.#add('POST', path, withQuery(handler, query));
  }

  put(path: string, handler: Handler, query: KnownQuery = []): void {
    this.#add('PUT', path, withQuery(handler, query));
  }

  /** Makes OPTIONS of every path known so far answer its verbs, every other verb a 405 with `Allow`, and every other path a 404. */
  close(): void {
    for (const [url, methods] of this.#methods) {
      const allowed = verbs.filter((verb) => methods.has(verb) || (verb === 'HEAD' && methods.has('GET')));
      const others = verbs.filter((verb) => !allowed.includes(verb) && verb !== 'OPTIONS');
      const allow = allowed.join(', ');
      this.#app.route({ method: 'OPTIONS', url, handler: this.#wrap((exchange) => sendOptions(exchange, allow)) });
      const handler = this.#wrap(({ request }) => {
        const text = `Method Not Allowed: ${request.method} on this path; expected ${allow}.`;
        throw new AppError('METHOD_NOT_ALLOWED', text, { details: { allow } });
      });
      this.#app.route({ method: others, url, handler });
    }
    const notFound = this.#wrap(({ request }) => {
      const path = request.url.split('?', 1)[0] ?? '';
      const advice = adviseFor(path) ?? 'The API is described at /docs.';
      throw new AppError('NOT_FOUND', `Not found: ${request.method} ${path}. ${advice}`);
    });
    this.#app.setNotFoundHandler(notFound);
  }

  #add(method: 'GET' | 'POST' | 'PUT', url: string, handler: Handler): void {
    const known = this.#methods.get(url) ?? new Set();
    this.#methods.set(url, known.add(method));
    this.#app.route({ method, url, handler: this.#wrap(handler) });
    if (method === 'POST') this.direct.add(url, handler);
  }

  #wrap(handler: Handler): (request: FastifyRequest, reply: FastifyReply) => void {
    return (request, reply) => this.handle(handler, request, reply);
  }

  /** Answers one request with a handler. */
  handle(handler: Handler, request: ExchangeRequest, reply: ExchangeReply): void {
    const exchange = new Exchange(this.#context, request, reply);
    try {
      handler(exchange)?.catch((thrown: unknown) => exchange.fail(thrown));
    } catch (thrown) {
      exchange.fail(thrown);
    }
  }
}

/** The handler for requests whose parameters the path knows. */
function withQuery(handler: Handler, query: KnownQuery): Handler {
  if (query === 'any') return handler;
  return (exchange) => {
    checkQuery(exchange, query);
    return handler(exchange);
  };
}

/** Which verbs a path takes; a page of an allowed origin hears whether it may send what it asked about. */
function sendOptions(exchange: Exchange, allow: string): void {
  exchange.send(200, new Uint8Array(), ['allow', `${allow}, OPTIONS`, ...exchange.preflightHeaders(allow)]);
}

/** The parameters after the `?`. */
export function queryOf({ request }: Exchange): Readonly<Record<string, unknown>> {
  return (request.query ?? {}) as Readonly<Record<string, unknown>>;
}

/** Throws INVALID_INPUT for a parameter that the path does not know: a slip would else change nothing in silence. */
export function checkQuery(exchange: Exchange, known: readonly string[]): void {
  const strange = Object.keys(queryOf(exchange)).find((name) => !known.includes(name));
  if (strange === undefined) return;
  const expected = known.length === 0 ? 'it takes none' : `expected ${known.map((name) => `'${name}'`).join(', ')}`;
  const shown = JSON.stringify(strange.slice(0, 64));
  throw new AppError('INVALID_INPUT', `${shown} is not a parameter of this path: ${expected}`);
}

/** Paths of other model servers, and slips, each with what is meant here; `$1` and `$2` stand for what the pattern found. */
const familiar: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/^\/(ping|live(z|ness)?|healthz?)$/, 'GET /v2/health/live tells whether the server answers, and GET /v2/health/ready whether it is ready.'],
  [/^\/(v2\/)?(ready(z|iness)?|health)$/, 'GET /v2/health/ready tells whether the server is ready.'],
  [/^\/models$/, 'The models are listed by GET /v2/models, and with their states by POST /v2/repository/index.'],
  [/^\/models\/([^/]+)(\/.*)?$/, 'A model is described by GET /v2/models/$1, and loaded by POST /v2/repository/models/$1/load.'],
  [/^\/v2\/(?:repository\/)?models\/([^/]+)\/(load|unload|index)$/, 'Models are loaded and unloaded by POST /v2/repository/models/$1/load and .../unload.'],
  [/^\/v2\/models\/([^/]+)\/(metadata|versions)$/, 'GET /v2/models/$1 answers with its metadata, versions among them.'],
  [/^\/v2\/models\/([^/]+)(?:\/versions\/[^/]+)?:?\/?predict$/, 'Expected POST /v2/models/$1/infer, /v1/models/$1:predict or /predictions/$1.'],
  [/^\/v1\/models\/([^/]+)\/labels\//, 'Versions have no labels here: expected /v1/models/$1/versions/N, where N is a whole number.'],
  [/^\/(?:infer|predict)\/([^/]+)$/, 'Expected POST /predictions/$1 or /v2/models/$1/infer.'],
  [/^\/v1\/models\/([^/]+)\/(predict|infer)$/, 'Expected POST /v1/models/$1:predict.'],
  [/^\/v2\/models\/([^/]+)\/generate(_stream)?$/, 'Text is not generated here: expected POST /v2/models/$1/infer or /predictions/$1.'],
  [/^\/v2\/(models\/[^/]+\/)?(system|cuda|xla)sharedmemory(\/|$)/, 'Shared memory is not offered: send tensors as binary data.'],
  [/^\/v2\/(models\/[^/]+\/)?(trace\/setting|logging)$/, 'Traces and the log are set when the server starts: OTEL_EXPORTER_OTLP_ENDPOINT, --log-level.'],
  [/^\/(v1\/|engines\/v1\/|engines\/[^/]+\/|api\/)?embed(dings?|_all)?$/, 'Texts are embedded by POST /v1/embeddings, as OpenAI has it, and /predictions/{model}: docs/text.md.'],
  [/^\/((openai\/)?v1\/|engines\/v1\/|api\/)?(chat\/completions|completions|responses|generate|chat)$/, 'Text is not generated here; models are run by POST /predictions/{model} and /v2/models/{model}/infer.'],
  [/^\/(rerank|(v1\/)?score)$/, 'Documents are ranked by POST /v1/rerank; pairs are scored by POST /predictions/{model} with {"text": [["question", "passage"], ...]}: docs/text.md.'],
  [/^\/(explanations\/.*|v1\/models\/[^/]+\/explain)$/, 'Explanations are not offered: expected POST /predictions/{model}.'],
  [/^\/predictions\/([^/]+)\/(\d+(?:\.\d+)*)$/, 'A version is named by /predictions/$1/versions/N, where N is a whole number.'],
  [/^\/predictions\/([^/]+)\/[^/]+$/, 'curl -T adds the name of the file to an address that ends with a slash: expected /predictions/$1 without one.'],
  [/^\/(predictions?|predict|infer|invocations|classify|detect)$/, 'Expected POST /predictions/{model}; the models are listed by GET /v2/models.'],
  [/^\/(api-description|swagger\.json|openapi\.ya?ml)$/, 'The API is described by GET /openapi.json.'],
  [/^\/(swagger(-ui)?|redoc|api)(\/.*)?$/, 'The API is described at /docs.'],
]; // prettier-ignore

/** What to ask for instead of a path that other servers have; undefined for one that means nothing. */
function adviseFor(path: string): string | undefined {
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  for (const [pattern, advice] of familiar) {
    const match = pattern.exec(plain);
    if (match !== null) return advice.replaceAll('$1', match[1] ?? '');
  }
  return undefined;
}
