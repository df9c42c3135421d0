/** How often each of many callers may ask: `perSecond` on average, and as many at once. Infinity: as often as they like. */
export class TokenBuckets {
  readonly #perSecond: number;
  readonly #clock: () => number;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  /** The clock counts milliseconds and never goes back. */
  constructor(perSecond: number, clock: () => number) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /** Takes one from a caller's bucket: 0, or the milliseconds after which there is one again. */
  take(caller: string): number {
    if (this.#perSecond === Infinity) return 0;
    const most = Math.max(1, this.#perSecond);
    const nowMs = this.#clock();
    const bucket = this.#buckets.get(caller) ?? { tokens: most, atMs: nowMs };
    bucket.tokens = Math.min(most, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * this.#perSecond);
    bucket.atMs = nowMs;
    this.#buckets.set(caller, bucket);
    if (bucket.tokens < 1) return ((1 - bucket.tokens) / this.#perSecond) * 1000;
    bucket.tokens -= 1;
    return 0;
  }
}
