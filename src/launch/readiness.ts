import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.js';

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
const questionLimitMs = 3000;

/** Waits until a server answers 200 on its ready path, or its health check passes; ends at once when it has ended. */
export async function waitUntilReady(options: ReadinessOptions): Promise<ReadinessResult> {
  const endMs = options.now() + options.timeoutMs;
  let lastError = 'it was not asked yet';
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
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
    if (options.now() >= endMs) return { kind: 'timeout', lastError };
    await sleep(Math.min(pauseMs, Math.max(0, endMs - options.now())), undefined, {
      ref: true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    }).catch(() => undefined);
  }
}

/** Undefined when the server is ready; else what it said, or why it could not be asked. */
async function ask(url: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const limit = AbortSignal.timeout(questionLimitMs);
  try {
    const response = await fetch(url, { signal: signal === undefined ? limit : AbortSignal.any([limit, signal]) });
    const text = (await response.text()).slice(0, 300);
    return response.status === 200 ? undefined : `${url} answers ${response.status} ${text}`.trim();
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    return `${url}: ${messageOf(cause)}`;
  }
}

/** What a server that is ready says of itself at GET /v2 below `url`; empty where it does not tell. */
export async function readDevices(url: string): Promise<readonly string[]> {
  try {
    const response = await fetch(`${url}/v2`, { signal: AbortSignal.timeout(questionLimitMs) });
    const body = (await response.json()) as { slipway?: { devices?: unknown } };
    const devices = body.slipway?.devices;
    return Array.isArray(devices) ? devices.map(String) : [];
  } catch {
    return [];
  }
}
