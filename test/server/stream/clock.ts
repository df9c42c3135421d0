import type { Timers } from '../../../src/server/stream/timers.js';

interface Waiting {
  readonly atMs: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told how much later it is. */
export class StoppedClock implements Timers {
  #nowMs = 0;
  readonly #waiting = new Set<Waiting>();

  readonly now = (): number => this.#nowMs;

  readonly after = (ms: number, run: () => void): (() => void) => {
    const one = { atMs: this.#nowMs + ms, run };
    this.#waiting.add(one);
    return () => this.#waiting.delete(one);
  };

  /** Runs what is due until then, in its order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#waiting].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = endMs;
  }
}
