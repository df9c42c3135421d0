/** Restarts wait longer from end to end; a loop that ran `soundMs` is taken for sound, and its end is the first again. As the supervisor does. */
const firstDelayMs = 100;
const longestDelayMs = 30_000;
const soundMs = 60_000;
const mostInARow = 10;

/** The ends of one loop that nobody asked for. */
export class Restarts {
  #inARow = 0;

  /** How long to wait before it is started again, after it ran so long; undefined: it ended too often in a row. */
  next(ranMs: number): number | undefined {
    this.#inARow = ranMs >= soundMs ? 1 : this.#inARow + 1;
    if (this.#inARow > mostInARow) return undefined;
    return Math.min(longestDelayMs, firstDelayMs * 2 ** (this.#inARow - 1));
  }
}
