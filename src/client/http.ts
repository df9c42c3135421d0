import {
  Agent as HttpAgent,
  request as requestHttp,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError, messageOf } from '../errors.js';
import { traceHeaders } from './trace.js';

/** How one call behaves; every call may override the connection's own. */
export interface CallOptions {
  /** For the whole call, tries and waits included. */
  readonly timeoutMs?: number;
  /** Tries after the first. */
  readonly retries?: number;
  readonly signal?: AbortSignal;
}

/** A request to a server. */
export interface HttpRequest extends CallOptions {
  readonly method: 'GET' | 'POST';
  /** With the leading slash. */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array;
}

/** A server's answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Requests to one server over kept connections. */
export interface HttpClient {
  readonly url: string;
  /** Any status is an answer. Throws SERVER_UNREACHABLE, QUEUE_TIMEOUT for its own timeout, CLIENT_GONE for the caller's abort. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): void;
}

/** PEM: an authority for the server's certificate in place of those that Node.js knows, and the client's own certificate with its key. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What holds for every request of a client. */
export interface HttpClientOptions extends CallOptions {
  readonly headers?: OutgoingHttpHeaders;
  readonly tls?: TlsOptions;
}

const defaults = { timeoutMs: 30_000, retries: 5 };

/** Opens a client; connects when it is first used. A path in the URL comes before every request's. */
export function openHttp(url: string, options: HttpClientOptions = {}): HttpClient {
  const base = new URL(url);
  const prefix = base.pathname.replace(/\/$/, '');
  const agent =
    base.protocol === 'https:'
      ? new HttpsAgent({ keepAlive: true, ...options.tls })
      : new HttpAgent({ keepAlive: true });
  const tryOnce: TryOnce = async (request, signal) => {
    const { method, path, body } = request;
    const headers = {
      ...(await traceHeaders()),
      ...options.headers,
      ...request.headers,
      ...(body === undefined ? {} : { 'content-length': body.length }),
    };
    return exchange(base, { method, path: prefix + path, headers, agent, signal }, body);
  };
  return {
    url: base.origin + prefix,
    send: (request) => sendWithRetries({ ...defaults, ...options, ...request }, tryOnce, base.origin),
    close: () => agent.destroy(),
  };
}

type TryOnce = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>;

async function sendWithRetries(
  request: HttpRequest & typeof defaults,
  tryOnce: TryOnce,
  origin: string,
): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  for (let tries = 1; ; tries += 1) {
    const attempt = await tryOnce(request, signal).then(
      (answer) => ({ answer, outcome: outcomeOf(answer) }),
      (thrown: unknown) => ({ thrown, outcome: failureOf(thrown) }),
    );
    if (signal.aborted) throw abortError(request, origin, timeout.aborted);
    const delayMs = tries > request.retries ? undefined : retryDelayMs(attempt.outcome, tries);
    if (delayMs === undefined) {
      if ('answer' in attempt) return attempt.answer;
      throw unreachable(attempt.thrown, request, origin);
    }
    await wait(delayMs, undefined, { signal }).catch(() => {
      throw abortError(request, origin, timeout.aborted);
    });
  }
}

function outcomeOf({ status, headers }: HttpAnswer): TryOutcome {
  return { kind: 'answered', status, retryAfter: headers['retry-after'], date: headers.date };
}

function failureOf(thrown: unknown): TryOutcome {
  const { code, wasKept } = thrown as { readonly code?: string; readonly wasKept?: boolean };
  if (code === 'ECONNREFUSED') return { kind: 'refused' };
  return wasKept === true && (code === 'ECONNRESET' || code === 'EPIPE') ? { kind: 'stale' } : { kind: 'broken' };
}

function abortError({ method, path, timeoutMs }: HttpRequest, origin: string, isTimeout: boolean): AppError {
  const what = `${method} ${origin}${path}`;
  if (!isTimeout) return new AppError('CLIENT_GONE', `${what} was cancelled by its caller.`);
  const text = `${what} took longer than ${timeoutMs ?? 0} ms. Raise timeoutMs, or see in the server's metrics where the time goes.`;
  return new AppError('QUEUE_TIMEOUT', text, { details: { timeoutMs } });
}

function unreachable(thrown: unknown, { method, path }: HttpRequest, origin: string): AppError {
  const advice = adviceFor(thrown, origin);
  const text = `${method} ${origin}${path} failed: ${messageOf(thrown) || (thrown as { code?: string }).code || 'no connection'}. ${advice}`;
  return new AppError('SERVER_UNREACHABLE', text, { details: { origin }, cause: thrown });
}

function adviceFor(thrown: unknown, origin: string): string {
  if (isCertificateFault(thrown))
    return 'The server is there, but its certificate is not trusted: name its authority with tls: { ca }, on a command line with --ca FILE.';
  const { code = '' } = thrown as { readonly code?: string };
  if (code === 'ECONNRESET' && origin.startsWith('http:'))
    return 'Is the server running? If it speaks TLS, its address begins with https://.';
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return 'Somebody is there who speaks no TLS: the address of such a server begins with http://.';
  return 'Is the server running?';
}

/** Whether somebody answered whose certificate is not believed, or not for this address (the codes of Node.js for X.509). */
export function isCertificateFault(thrown: unknown): boolean {
  const { code = '' } = thrown as { readonly code?: string };
  return /CERT|UNABLE_TO_VERIFY/.test(code);
}

interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly agent: HttpAgent;
  readonly signal: AbortSignal;
}

/** One request and its whole answer. What it throws tells in `wasKept` whether the connection was an old one. */
function exchange(base: URL, outgoing: Outgoing, body: Uint8Array | undefined): Promise<HttpAnswer> {
  const send = base.protocol === 'https:' ? requestHttps : requestHttp;
  const { hostname, port, protocol } = base;
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const request = send({ ...outgoing, protocol, host, port }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.on('error', (error) => reject(Object.assign(error, { wasKept: request.reusedSocket })));
    request.end(body);
  });
}

/** What became of one try of a request. */
type TryOutcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly date: string | undefined;
    }
  /** No connection came about: the server never saw the request. */
  | { readonly kind: 'refused' }
  /** A connection that was kept open from before broke as the request went out. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'broken' };

const firstDelayMs = 100;
const longestDelayMs = 2000;

/**
 * Wait before the next try in milliseconds, or undefined where another try is of no use: 429 and 503 (which a server
 * answers before it computes), refused connections, and kept connections that broke. `Retry-After` wins over the
 * doubling delay. `tries` counts those made, 1 and up.
 */
export function retryDelayMs(outcome: TryOutcome, tries: number): number | undefined {
  if (outcome.kind === 'broken') return undefined;
  if (outcome.kind === 'stale') return tries === 1 ? 0 : undefined;
  const ownDelayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (tries - 1));
  if (outcome.kind === 'refused') return ownDelayMs;
  if (outcome.status !== 429 && outcome.status !== 503) return undefined;
  return parseRetryAfter(outcome.retryAfter, outcome.date) ?? ownDelayMs;
}

/** `Retry-After` in milliseconds: seconds, or a date, taken against the answer's own `Date` (RFC 9110, 10.2.3). */
export function parseRetryAfter(retryAfter: string | undefined, date: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d+$/.test(retryAfter.trim())) return Number(retryAfter) * 1000;
  const delayMs = Date.parse(retryAfter) - Date.parse(date ?? '');
  return Number.isNaN(delayMs) ? undefined : Math.max(0, delayMs);
}
