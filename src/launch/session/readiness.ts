import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.js';
import { parseServerHealth, type HealthReason, type ServerHealth } from '../../protocol/server-health.js';

/** A server's answer to a GET. */
export interface ServerAnswer {
  readonly status: number;
  readonly text: string;
}

const limitMs = 3000;
const longestText = 65_536;

/** Asks a server once, on a connection of its own, and rejects with the reason where none answers within three seconds. */
function askServer(url: string, signal?: AbortSignal): Promise<ServerAnswer> {
  return new Promise((resolve, reject) => {
    const isTls = url.startsWith('https:');
    // Nothing secret is sent, and the certificate is for the names by which clients call the server, not for the address here.
    const options = { agent: false as const, rejectUnauthorized: false, ...(signal === undefined ? {} : { signal }) };
    const request = (isTls ? getHttps : getHttp)(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        if (text.length < longestText) text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
    request.on('error', reject).on('close', () => {
      clearTimeout(timer);
      // A connection that closes in the middle of an answer raises no error of its own.
      reject(new Error('the connection was closed before the answer was whole'));
    });
  });
}

/** Whether a server answers at an address, whatever it says: one that is started there would be taken for it. */
export function doesAnswer(url: string): Promise<boolean> {
  return askServer(url).then(
    () => true,
    () => false,
  );
}

/** What runs a server says of it: a container's state, or a process's. */
export type Liveness =
  | {
      readonly state: 'running';
      /** Undefined: it has no health check. */
      readonly health?: 'starting' | 'healthy' | 'unhealthy';
      /** `http://127.0.0.1:8000`; undefined where it cannot be asked from here: then the health check alone tells. */
      readonly url?: string;
    }
  | { readonly state: 'ended'; readonly exitCode: number };

/**
 * How the wait ended. `lastError` says what the last question to the server met; `broken` names models that will not serve
 * beside those that do; `failed`: the server runs, but says that it will never serve.
 */
export type ReadinessResult =
  | { readonly kind: 'ready'; readonly by: 'http' | 'health' | 'running'; readonly broken: readonly HealthReason[] }
  | { readonly kind: 'failed'; readonly reasons: readonly HealthReason[] }
  | { readonly kind: 'ended'; readonly exitCode: number }
  | { readonly kind: 'timeout'; readonly lastError: string }
  | { readonly kind: 'aborted' };

/** How and how long a server is asked whether it is ready. */
export interface ReadinessOptions {
  /** What every path starts with: `/prefix` or nothing. */
  readonly basePath: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  check(): Promise<Liveness>;
  /** Milliseconds, monotonic. */
  now(): number;
}

const firstPauseMs = 25;
const longestPauseMs = 400;
/** Pauses as a share of the wait so far: a server is found ready at most this much too late. */
const pauseShare = 1 / 12;

/**
 * Waits until a server is ready, or as ready as it will be: its ready path tells "not yet" from "never". Where it cannot be
 * asked, its health check decides. Ends at once when it has ended.
 */
export async function waitUntilReady(options: ReadinessOptions): Promise<ReadinessResult> {
  const startMs = options.now();
  const endMs = startMs + options.timeoutMs;
  let lastError = 'it was not asked yet';
  for (;;) {
    if (options.signal?.aborted === true) return { kind: 'aborted' };
    const liveness = await options.check();
    if (liveness.state === 'ended') return { kind: 'ended', exitCode: liveness.exitCode };
    if (liveness.url === undefined) {
      if (liveness.health === 'healthy') return { kind: 'ready', by: 'health', broken: [] };
      if (liveness.health === undefined) return { kind: 'ready', by: 'running', broken: [] };
      lastError = `health check: ${liveness.health}`;
    } else {
      const url = `${liveness.url}${options.basePath}/v2/health/ready`;
      const health = await ask(url, options.signal);
      if (typeof health === 'object' && isSettled(health)) return toResult(health);
      if (liveness.health === 'healthy') return { kind: 'ready', by: 'health', broken: [] };
      lastError = `${url}: ${typeof health === 'string' ? health : describe(health)}`;
    }
    const nowMs = options.now();
    if (nowMs >= endMs) return { kind: 'timeout', lastError };
    const pauseMs = Math.min(longestPauseMs, Math.max(firstPauseMs, (nowMs - startMs) * pauseShare));
    const pause = Math.min(pauseMs, endMs - nowMs);
    await sleep(pause, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(
      () => undefined,
    );
  }
}

/** What the server says of itself, or why it could not be asked. */
async function ask(url: string, signal: AbortSignal | undefined): Promise<ServerHealth | string> {
  try {
    const { status, text } = await askServer(url, signal);
    return parseServerHealth(status, text);
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** Whether waiting changes nothing any more. */
function isSettled({ ready, state }: ServerHealth): boolean {
  return ready || state === 'degraded' || state === 'failed';
}

function toResult({ ready, state, reasons }: ServerHealth): ReadinessResult {
  if (!ready && state === 'failed') return { kind: 'failed', reasons };
  return { kind: 'ready', by: 'http', broken: reasons };
}

function describe({ state, reasons }: ServerHealth): string {
  return `${state}: ${reasons.map(({ message }) => message).join(' ')}`;
}

/** What a server tells of itself once it serves. */
export interface Serving {
  /** Where its models compute. */
  readonly devices: readonly string[];
  /** Names of the models that it serves. */
  readonly models: readonly string[];
  /** Whether it answers at all, and whether it tells only those who have a key. */
  readonly answers: 'openly' | 'with a key' | 'not';
}

/** What GET /v2 below `url` tells; both lists are empty where it does not. */
export async function readServing(url: string, signal?: AbortSignal): Promise<Serving> {
  const silent = { devices: [], models: [] };
  try {
    const { status, text } = await askServer(`${url}/v2`, signal);
    if (status === 401) return { ...silent, answers: 'with a key' };
    const { slipway } = parseAnswer(text);
    const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
    return { devices: listOf(slipway?.devices), models: listOf(slipway?.models), answers: 'openly' };
  } catch {
    return { ...silent, answers: 'not' };
  }
}

function parseAnswer(text: string): { readonly slipway?: { readonly devices?: unknown; readonly models?: unknown } } {
  try {
    return JSON.parse(text) as ReturnType<typeof parseAnswer>;
  } catch {
    return {};
  }
}
