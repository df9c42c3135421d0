/** A shorter run gains too little to hold a second session for it. */
const leastMs = 2;

/** Runs that say whether a shape takes that long. */
const firstRuns = 16;

/** Runs of each kind that a trial compares, in turn. */
const trialRuns = 16;

/** What the median of wide runs may take of that of narrow ones: they also take more CPU time. */
const mostPart = 0.85;

/** Runs after which a trial is repeated, so that the slower kind is less than one in a hundred. */
const restRuns = 4096;

/** The same after a trial that spoke against wide runs, which a busy moment may do: each time twice as many. */
const firstRestRuns = 1024;
const mostRestRuns = 2 ** 20;

/** What a trial found: the median of each kind of run, in milliseconds. */
export interface WideVerdict {
  readonly wide: boolean;
  readonly wideMs: number;
  readonly narrowMs: number;
}

/** What lone runs of one shape take with the threads of one worker, and with those of all, and which of the two they get. */
export class WideCost {
  #first: number[] = [];
  #narrow: number[] = [];
  #wide: number[] = [];
  #length: 'unknown' | 'short' | 'long' = 'unknown';
  #rest = 0;
  #nextRest = firstRestRuns;
  #prefersWide = false;

  get isShort(): boolean {
    return this.#length === 'short';
  }

  get isLong(): boolean {
    return this.#length === 'long';
  }

  /** Whether the next lone run is to be wide, where it can be. */
  next(): boolean {
    return this.#rest > 0 ? this.#prefersWide : this.#wide.length < this.#narrow.length;
  }

  /** Notes what a run took that nothing ran beside; answers what a trial found that ends with it. */
  note(isWide: boolean, ms: number): WideVerdict | undefined {
    if (this.#length === 'unknown') this.#measure(ms);
    else if (this.#rest > 0) this.#rest -= 1;
    else if (isWide) this.#wide.push(ms);
    else if (this.#narrow.length <= this.#wide.length) this.#narrow.push(ms);
    return this.#wide.length < trialRuns ? undefined : this.#judge();
  }

  #measure(ms: number): void {
    this.#first.push(ms);
    if (this.#first.length < firstRuns) return;
    this.#length = medianOf(this.#first) >= leastMs ? 'long' : 'short';
    this.#first = [];
  }

  #judge(): WideVerdict {
    const [wideMs, narrowMs] = [medianOf(this.#wide), medianOf(this.#narrow)];
    this.#prefersWide = wideMs <= mostPart * narrowMs;
    this.#rest = this.#prefersWide ? restRuns : this.#nextRest;
    this.#nextRest = this.#prefersWide ? firstRestRuns : Math.min(mostRestRuns, 2 * this.#nextRest);
    this.#narrow = [];
    this.#wide = [];
    return { wide: this.#prefersWide, wideMs, narrowMs };
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
