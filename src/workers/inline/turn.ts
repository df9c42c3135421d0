/** The longest that runs may hold the HTTP thread in one turn of the event loop: health checks and other models wait no longer for them. */
const mostMs = 2;

/** A run that was interrupted counts as at most so many of its kind: the time that other processes took is not its own. */
const mostTimesTypical = 10;

/** The share of the newest turn in the mean, and the mean below which requests come one at a time. */
const weight = 0.1;
const loneMean = 1.2;

/** One turn of the event loop, as the runs on its thread see it, of whatever model: what came in it, and what they took of it. */
export class Turn {
  #isOpen = false;
  #requests = 0;
  #meanRequests = 1;
  #spentMs = 0;

  /** Counts a request as it comes, and answers whether requests come one at a time. */
  arrive(): boolean {
    this.#open();
    this.#requests += 1;
    return this.isLone;
  }

  /** Whether this turn has one request at most, and those before it had one each. */
  get isLone(): boolean {
    return this.#requests <= 1 && this.#meanRequests < loneMean;
  }

  /** Whether there is time left for a run that takes this long. */
  hasTime(ms: number): boolean {
    return this.#spentMs === 0 || this.#spentMs + ms <= mostMs;
  }

  /** Counts a run that took `ms`, of a kind that takes `typicalMs`. */
  spend(ms: number, typicalMs: number): void {
    this.#open();
    this.#spentMs += Math.min(ms, typicalMs * mostTimesTypical);
  }

  /** Runs are immediates too: what is asked for here comes before those of the next turn, and after what they spend in this one. */
  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    setImmediate(() => this.#close());
  }

  #close(): void {
    if (this.#requests > 0) this.#meanRequests += weight * (this.#requests - this.#meanRequests);
    this.#isOpen = false;
    this.#requests = 0;
    this.#spentMs = 0;
  }
}
