import type { IncomingMessage, ServerResponse } from 'node:http';
import { preflightHeaders, readableHeaders } from '../access/cors.js';
import type { Caller } from '../access/doors.js';
import type { ErrorCode } from '../../errors.js';
import { statusOf, toAppError, toHttpFailure } from './http-errors.js';
import { failureBody } from './failure-body.js';
import { discardBody } from './body/discard.js';
import type { ReadLine } from './body/read-line.js';
import type { InferReport } from '../inference/inference.js';
import type { Log } from '../log/log.js';
import { emptyPolicy, safeHeaders } from './safe-headers.js';
import { endUntaken, keepUntilTaken, type Wait } from './waiting-answer.js';
import type { HttpBegun, RequestSpan, Telemetry } from '../telemetry/telemetry.js';
import { RequestMemory, type MemoryBudget } from '../memory/memory-budget.js';

/** Header names and values in turn, as node:http writes them without a copy. */
export type FlatHeaders = readonly string[];

/** What every exchange shares. */
export interface ExchangeContext {
  readonly log: Log;
  /** What all requests may hold together. */
  readonly memory: MemoryBudget;
  /** Where connections wait whose requests were refused for want of room. */
  readonly line: ReadLine;
  /** One line for every request. */
  readonly accessLog: boolean;
  /** How long a client may take no byte of an answer that waits for it; 0: without end. */
  readonly untakenMs: number;
  /** Whether connections should close after their answer. */
  readonly isStopping: () => boolean;
  /** Whether pages of any other origin may read answers, so that caches have to tell readers apart. */
  readonly hasReaders: boolean;
  /** Whether pages of this origin may read answers. */
  readonly isReadableBy: (origin: string) => boolean;
  /** Undefined: no traces and metrics are sent. */
  readonly telemetry: Telemetry | undefined;
  /** Called once an exchange is answered. */
  readonly onAnswered: (exchange: Exchange, status: number) => void;
}

/** What an exchange reads of its request; the framework's has it too. */
export interface ExchangeRequest {
  readonly raw: IncomingMessage;
  readonly headers: IncomingMessage['headers'];
  readonly method: string;
  /** Without the base path. */
  readonly url: string;
  readonly originalUrl: string;
  readonly id: string;
  readonly params: unknown;
  /** The pattern of its path, where a route has it. */
  readonly routeOptions?: { readonly url?: string | undefined };
  readonly query?: unknown;
  readonly contentType?: string | undefined;
  /** Content-Length, 0 where there is no body, undefined where it comes in chunks. */
  readonly bodyBytes: number | undefined;
  /** Who asks; known once it was let in. */
  caller: Caller | undefined;
}

/** Where an exchange writes its answer. */
export interface ExchangeReply {
  readonly raw: ServerResponse;
  /** Takes the answer from the framework. */
  hijack(): unknown;
}

/** What is known of an inference request. */
export interface InferenceTrace {
  model?: { readonly name: string; readonly version: string };
  report?: InferReport;
}

const json = 'application/json';
const idShape = /^[\x21-\x7e]{1,128}$/;
/** The form of a `traceparent` header; ids of zeros and version ff name nothing (W3C Trace Context). */
const traceShape = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A request's own `traceparent`, where it is one. */
export function traceparentOf({ traceparent }: { readonly [name: string]: unknown }): string | undefined {
  return typeof traceparent === 'string' && traceShape.test(traceparent) ? traceparent : undefined;
}

/**
 * One request and its answer.
 * - Answers are written to the socket at once: no serialiser, no hook, no copy.
 * - Every answer carries x-request-id, and traceparent: that of its span, and without traces the request's own.
 * - What the request holds of the memory budget is given back once the answer is with the system, or its client has gone.
 * - Failures become `{"error": text}`; what is the server's own fault is logged here, once, with its cause.
 */
export class Exchange {
  readonly request: ExchangeRequest;
  readonly reply: ExchangeReply;
  readonly startedMs = performance.now();
  /** Set on inference requests, for metrics and logs: the model once it is known, the report once it ran. */
  inference: InferenceTrace | undefined;
  readonly #context: ExchangeContext;
  #memory: RequestMemory | undefined;
  #span: RequestSpan | undefined;
  #errorCode: ErrorCode | undefined;

  constructor(context: ExchangeContext, request: ExchangeRequest, reply: ExchangeReply) {
    this.#context = context;
    this.request = request;
    this.reply = reply;
  }

  /** The client's own x-request-id where it is printable and short, else a new one. */
  get id(): string {
    return this.request.id;
  }

  /** What this request holds. */
  get memory(): RequestMemory {
    return (this.#memory ??= new RequestMemory(this.#context.memory));
  }

  /** Its span; undefined where it has none. Begun by the first who asks, as of the request's start. */
  get span(): RequestSpan | undefined {
    const { telemetry } = this.#context;
    return telemetry && (this.#span ??= telemetry.begin(this.#begun()));
  }

  #begun(): HttpBegun {
    const { method, url, raw, routeOptions } = this.request;
    return {
      transport: 'http',
      startedMs: this.startedMs,
      requestId: this.id,
      header: (name) => this.header(name),
      method,
      scheme: 'encrypted' in raw.socket ? 'https' : 'http',
      path: pathOf(url),
      route: routeOptions?.url,
    };
  }

  /** How long, at most, it has waited for its connection to be read, in milliseconds. */
  get waitedMs(): number {
    return this.#context.line.waitedMs(this.request.raw.socket);
  }

  /** A header that comes once, or undefined. */
  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** A path parameter, percent-decoded. */
  param(name: string): string {
    return (this.request.params as Readonly<Record<string, string | undefined>>)[name] ?? '';
  }

  /** The optional `version` of the path. */
  get version(): string | undefined {
    return (this.request.params as { version?: string }).version;
  }

  /** What a preflight request of a page that may ask is answered; nothing for others. */
  preflightHeaders(allow: string): FlatHeaders {
    const { headers } = this.request;
    const { origin } = headers;
    return origin !== undefined && this.#context.isReadableBy(origin) ? preflightHeaders(headers, allow) : [];
  }

  /** Answers with a value as JSON. Throws MEMORY_FULL. */
  sendJson(status: number, value: unknown): void {
    this.sendNew(status, Buffer.from(JSON.stringify(value)), ['content-type', json]);
  }

  /** Answers with what is not counted yet. Throws MEMORY_FULL: a client may ask for thousands of answers and read none. */
  sendNew(status: number, body: Uint8Array, headers: FlatHeaders): void {
    if (body.length > mostTextBytes) this.memory.take(body.length);
    this.send(status, body, headers);
  }

  /**
   * Begins an answer that goes on until either side ends it, and answers where it is written; undefined for HEAD, and where the client has gone.
   * What it holds is not counted here.
   */
  openStream(headers: FlatHeaders): ServerResponse | undefined {
    const { raw } = this.reply;
    if (this.#isGone || this.request.method === 'HEAD') {
      this.send(200, new Uint8Array(), headers);
      return undefined;
    }
    this.reply.hijack();
    raw.writeHead(200, this.#allHeaders(headers));
    this.#limitWait(raw);
    this.#over(200);
    return raw;
  }

  /** Answers with bytes that count already, in one piece or several that are sent from where they lie. HEAD and 304 get the headers alone. */
  send(status: number, body: Uint8Array | readonly Uint8Array[], headers: FlatHeaders): void {
    const { raw } = this.reply;
    if (raw.headersSent) return;
    if (this.#isGone) {
      this.#over(statusOf.CLIENT_GONE);
      return;
    }
    this.reply.hijack();
    const length = body instanceof Uint8Array ? body.length : body.reduce((sum, part) => sum + part.length, 0);
    raw.writeHead(status, this.#allHeaders(['content-length', String(length), ...headers]));
    if (this.request.method === 'HEAD' || status === 304) raw.end();
    else endWith(raw, body);
    this.#over(status);
    if (this.#context.accessLog) this.#logAccess(status);
  }

  /**
   * Answers with what went wrong. What is left of the body is passed over by Node, so that the client hears the answer and may
   * keep its connection; of a body that is too large the rest is not waited for.
   */
  fail(thrown: unknown): void {
    const { status, code, text, headers } = toHttpFailure(thrown);
    this.#errorCode = toAppError(thrown).code;
    if (status === 500) this.#context.log.error({ ...this.#facts(status), err: toAppError(thrown) }, 'request failed');
    else if (!this.#context.accessLog && this.#context.log.isLevelEnabled('debug'))
      this.#context.log.debug({ ...this.#facts(status), reason: text }, 'request refused');
    if (status === statusOf.CLIENT_GONE) {
      this.reply.hijack();
      this.reply.raw.destroy();
      this.#over(status);
      return;
    }
    const closing = status === statusOf.PAYLOAD_TOO_LARGE && !this.request.raw.complete ? ['connection', 'close'] : [];
    const { raw } = this.request;
    discardBody(raw, this.#context.line);
    const own = ['content-type', json, 'x-error-code', code, ...Object.entries(headers).flat()];
    this.send(status, failureBody(this.request.url, { status, code, text }), [...own, ...closing]);
    if (status === 429 || status === 503) this.#context.line.hold(raw.socket);
  }

  /** Whether the client has left; an answer that waits behind others on its connection is not destroyed with it. */
  get #isGone(): boolean {
    return this.reply.raw.destroyed || this.request.raw.socket.destroyed;
  }

  /** An answer's own headers with those that every answer has. */
  #allHeaders(headers: FlatHeaders): string[] {
    const all = ['x-request-id', this.id, ...headers, ...safeHeaders];
    if (!headers.includes('content-security-policy')) all.push(...emptyPolicy);
    const { origin } = this.request.headers;
    if (origin !== undefined && this.#context.isReadableBy(origin)) all.push(...readableHeaders(origin));
    else if (this.#context.hasReaders) all.push('vary', 'origin');
    const trace = this.span?.traceparent ?? traceparentOf(this.request.headers);
    if (trace !== undefined) all.push('traceparent', trace);
    if (this.#context.isStopping()) all.push('connection', 'close');
    return all;
  }

  /** The answer is on its way or will never be: what it is made of is held until the system has taken it. */
  #over(status: number): void {
    const { raw } = this.reply;
    const memory = this.#memory;
    const isWaiting = raw.writableLength > 0 && !this.#isGone;
    if (isWaiting) this.#limitWait(raw);
    if (memory !== undefined && isWaiting) {
      const { socket } = this.request.raw;
      keepUntilTaken(raw, { ...this.#waitOf(raw), socket, memory, budget: this.#context.memory });
    } else memory?.close();
    const { inference, span } = this;
    span?.end({ status, isFault: status >= 500, errorCode: this.#errorCode, ...inference });
    this.#context.onAnswered(this, status);
  }

  #limitWait(raw: ServerResponse): void {
    endUntaken(raw, this.#waitOf(raw));
  }

  #waitOf(raw: ServerResponse): Wait {
    const { untakenMs: limitMs, log } = this.#context;
    return { limitMs, log, facts: () => this.#facts(raw.statusCode) };
  }

  #logAccess(status: number): void {
    this.#context.log.info(this.#facts(status), 'request');
  }

  #facts(status: number): object {
    const { method, url, headers } = this.request;
    const traceparent = traceparentOf(headers);
    const model = this.inference?.model;
    return {
      requestId: this.id,
      ...(traceparent === undefined ? {} : { traceparent }),
      ...this.span?.facts,
      method,
      path: pathOf(url),
      status,
      ms: Math.round((performance.now() - this.startedMs) * 100) / 100,
      ...(model === undefined ? {} : { model: model.name, version: model.version }),
    };
  }
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}

/** Up to this size a body is written as one text with its headers: one piece costs less than two. */
const mostTextBytes = 4096;

/** One write to the system, whatever the parts. */
function endWith(raw: ServerResponse, body: Uint8Array | readonly Uint8Array[]): void {
  if (!(body instanceof Uint8Array)) {
    raw.cork();
    for (const part of body) raw.write(part);
    raw.end();
  } else if (body.length > mostTextBytes || !Buffer.isBuffer(body)) raw.end(body);
  else endWithText(raw, body.toString('latin1')); // each byte a character, whatever it means
}

/** `end(text)` would write an empty piece after it, and a list of two pieces where one is enough. */
function endWithText(raw: ServerResponse, text: string): void {
  const { socket } = raw;
  if (socket === null) {
    // Requests before this one on its connection are not answered yet: it is written when they are.
    raw.end(text, 'latin1');
    return;
  }
  socket.cork();
  raw.write(text, 'latin1');
  socket.uncork();
  raw.end();
}

/** Answers one exchange, now or later; what it throws or rejects with becomes the error answer. */
export type Handler = (exchange: Exchange) => void | Promise<void>;

/** The id of a request with these headers. */
export type RequestIds = (headers: { readonly [name: string]: unknown }) => string;

/** Makes ids for requests that bring none: unlike those of any other process, and cheap. */
export function createRequestIds(processTag: string): RequestIds {
  let count = 0;
  return (headers) => {
    const given = headers['x-request-id'];
    if (typeof given === 'string' && idShape.test(given)) return given;
    count += 1;
    return `${processTag}-${count.toString(36)}`;
  };
}
