/** What the health port knows of the server. */
export interface Known {
  /** The last answer of `/v2/health/ready`. */
  readonly health: Answer;
  /** How long the HTTP thread has not turned to anything new, in milliseconds. */
  readonly silentMs: number;
}

/** An answer of the health port. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** An HTTP thread that is silent for so long takes no requests, and for so long will not any more. */
const readyMs = 5000;
const liveMs = 60_000;

/** Live, unless the HTTP thread has been silent for too long. */
export function liveAnswer({ silentMs }: Pick<Known, 'silentMs'>): Answer {
  if (silentMs <= liveMs) return { status: 200, body: '{"live":true}' };
  return { status: 503, body: JSON.stringify({ live: false, error: silence(silentMs) }) };
}

/** The server's own answer, unless its HTTP thread has been silent for too long. */
export function readyAnswer({ health, silentMs }: Known): Answer {
  if (silentMs <= readyMs) return health;
  const message = silence(silentMs);
  const reasons = [{ code: 'INTERNAL', final: false, message }];
  const error = `The server is not ready: ${message}`;
  return { status: 503, body: JSON.stringify({ ready: false, state: 'degraded', reasons, error }) };
}

function silence(ms: number): string {
  return `The HTTP thread has answered nothing for ${(ms / 1000).toFixed(1)} s.`;
}
