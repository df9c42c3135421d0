import { urlOf, type Origin } from './target.js';
import type { Payload } from './requests.js';

/** One answer, and how long it took. */
export interface Asked {
  readonly ms: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Sends one request by itself. Throws with the status and the server's words for anything but a success. */
export async function ask(origin: Origin, { path, headers, body }: Payload): Promise<Asked> {
  const startedAt = performance.now();
  const url = urlOf(origin) + path;
  const signal = AbortSignal.timeout(60_000);
  const response = await fetch(url, { method: 'POST', headers: { ...origin.headers, ...headers }, body, signal });
  const answer = new Uint8Array(await response.arrayBuffer());
  if (!response.ok) {
    throw new Error(`${url} answered ${response.status}: ${Buffer.from(answer).toString().slice(0, 200)}`);
  }
  const contentType = response.headers.get('content-type') ?? 'application/json';
  return { ms: performance.now() - startedAt, contentType, body: answer };
}

/** The same twice: the first wakes the server, the second one's answer and time count. `signal` ends it between them. */
export async function askWarm(origin: Origin, payload: Payload, signal: AbortSignal): Promise<Asked> {
  await ask(origin, payload);
  signal.throwIfAborted();
  const answer = await ask(origin, payload);
  signal.throwIfAborted();
  return answer;
}
