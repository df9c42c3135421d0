import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Caller } from '../access/doors.js';
import type { ExchangeReply, ExchangeRequest, Handler } from './exchange.js';

/** Where a target leads. */
export interface Route {
  readonly handler: Handler;
  /** The path's pattern. */
  readonly url: string;
  readonly params: Readonly<Record<string, string>>;
  /** What stands after its `?`. */
  readonly query: Readonly<Record<string, string>>;
}

/** Paths without anything to decode, to cut off or to set right: only these are routed here. */
const plainPath = /^[\w./-]{1,256}$/;

/** Queries that mean the same to whoever reads them: whole pairs, with nothing to decode. */
const plainQuery = /^(?:[a-z]\w*=[\w.-]+(?:&(?!$)|$)){1,16}$/;

const noQuery: Route['query'] = {};

/** Routes that are remembered; should there be more, all are found again. */
const mostKnown = 1024;

/** Routes of one method, found by looking a path up. */
export class DirectRoutes {
  readonly #routes: { readonly pattern: RegExp; readonly url: string; readonly handler: Handler }[] = [];
  readonly #known = new Map<string, Route>();

  /** `path` as the framework has it: `:name` stands for one segment. */
  add(path: string, handler: Handler): void {
    const source = path.replaceAll('.', '\\.').replaceAll(/:(\w+)/g, '(?<$1>[^/]+)');
    this.#routes.push({ pattern: new RegExp(`^${source}$`), url: path, handler });
  }

  /** Undefined where this is for the framework to find out. */
  find(target: string): Route | undefined {
    const mark = target.indexOf('?');
    if (mark === -1) return this.#findPath(target);
    const query = readPlainQuery(target.slice(mark + 1));
    const route = query && this.#findPath(target.slice(0, mark));
    return route && { ...route, query };
  }

  /** The same object each time: to copy one costs more than to find it. */
  #findPath(path: string): Route | undefined {
    const known = this.#known.get(path);
    if (known !== undefined || !plainPath.test(path)) return known;
    const found = this.#routes.flatMap(({ pattern, url, handler }) => {
      const match = pattern.exec(path);
      return match === null ? [] : [{ handler, url, params: { ...match.groups }, query: noQuery }];
    });
    const [only, other] = found;
    if (only === undefined || other !== undefined) return undefined;
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(path, only);
    return only;
  }
}

/** Undefined where a query has anything to decode, or a name twice. */
function readPlainQuery(text: string): Route['query'] | undefined {
  if (!plainQuery.test(text)) return undefined;
  const pairs = text.split('&').map((pair) => pair.split('=', 2) as [name: string, value: string]);
  const query = Object.fromEntries(pairs);
  return Object.keys(query).length === pairs.length ? query : undefined;
}

/** A request that did not pass through the framework. */
export class DirectRequest implements ExchangeRequest {
  readonly raw: IncomingMessage;
  readonly id: string;
  readonly params: Route['params'];
  readonly query: Route['query'];
  readonly routeOptions: { readonly url: string };
  readonly bodyBytes: number | undefined;
  caller: Caller | undefined;

  constructor(raw: IncomingMessage, id: string, route: Pick<Route, 'params' | 'query' | 'url'>) {
    this.raw = raw;
    this.id = id;
    this.params = route.params;
    this.query = route.query;
    this.routeOptions = route;
    this.bodyBytes = bodyBytesOf(raw.headers);
  }

  get headers(): IncomingMessage['headers'] {
    return this.raw.headers;
  }

  get contentType(): string | undefined {
    return this.headers['content-type'];
  }

  get method(): string {
    return this.raw.method ?? '';
  }

  get url(): string {
    return this.raw.url ?? '';
  }

  get originalUrl(): string {
    return this.url;
  }
}

/** Content-Length, 0 where there is no body, undefined where it comes in chunks. */
export function bodyBytesOf(headers: IncomingMessage['headers']): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  const length = headers['content-length'];
  return length === undefined ? 0 : Number(length);
}

/** Its answer. */
export class DirectReply implements ExchangeReply {
  readonly raw: ServerResponse;

  constructor(raw: ServerResponse) {
    this.raw = raw;
  }

  /** There is nobody to take it from. */
  hijack(): void {
    return undefined;
  }
}

/** Offers every request of a server to `take`, and those that it does not take to the framework. */
export function serveDirectly(
  server: Server,
  take: (request: IncomingMessage, response: ServerResponse) => boolean,
): void {
  const [framework] = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (!take(request, response)) framework?.call(server, request, response);
  });
}
