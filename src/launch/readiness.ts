import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.js';
import { askServer } from './server-question.js';

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

/** How the wait ended. `lastError` says what the last question to the server met. */
export type ReadinessResult =
  | { readonly kind: 'ready'; readonly by: 'http' | 'health' | 'running' }
  | { readonly kind: 'ended'; readonly exitCode: number }
  | { readonly kind: 'timeout'; readonly lastError: string }
  | { readonly kind: 'aborted' };

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

/** Waits until a server answers 200 on its ready path, or its health check passes; ends at once when it has ended. */
export async function waitUntilReady(options: ReadinessOptions): Promise<ReadinessResult> {
  const startMs = options.now();
  const endMs = startMs + options.timeoutMs;
  let lastError = 'it was not asked yet';
  for (;;) {
    if (options.signal?.aborted === true) return { kind: 'aborted' };
    const liveness = await options.check();
    if (liveness.state === 'ended') return { kind: 'ended', exitCode: liveness.exitCode };
    if (liveness.health === 'healthy') return { kind: 'ready', by: 'health' };
    if (liveness.url === undefined) {
      if (liveness.health === undefined) return { kind: 'ready', by: 'running' };
      lastError = `health check: ${liveness.health}`;
    } else {
      const answer = await ask(`${liveness.url}${options.basePath}/v2/health/ready`, options.signal);
      if (answer === undefined) return { kind: 'ready', by: 'http' };
      lastError = answer;
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

/** Undefined when the server is ready; else what it said, or why it could not be asked. */
async function ask(url: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    const { status, text } = await askServer(url, signal);
    return status === 200 ? undefined : `${url} answers ${status} ${text.slice(0, 300)}`.trim();
  } catch (thrown) {
    return `${url}: ${messageOf(thrown)}`;
  }
}

/** Where the models of a server compute, as GET /v2 below `url` tells; empty where it does not. */
export async function readDevices(url: string): Promise<readonly string[]> {
  try {
    const { text } = await askServer(`${url}/v2`);
    const { slipway } = JSON.parse(text) as { slipway?: { devices?: unknown } };
    return Array.isArray(slipway?.devices) ? slipway.devices.map(String) : [];
  } catch {
    return [];
  }
}
