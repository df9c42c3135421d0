/** A run up to this long may run on the HTTP thread while no other request waits for that thread. */
const mostMs = 0.2;

/** What handing a run to a worker costs in the end: two wake-ups of a thread, its own work aside. A shorter run is not worth that. */
const hopMs = 0.1;

/**
 * Runs that one judgement looks back on, and how many of them have to be short. A quarter: what a run of one shape costs does not change,
 * since models whose runs cost more for some values are never asked about. A run that takes longer was interrupted, or met cold caches,
 * by what else the processor does, and that would meet it in a worker too. Time of the thread alone is not to be had in Node.js 20.
 */
const windowRuns = 32;
const leastShort = 8;

/** The typical time moves by `step` up and by its cube down at every run: it settles where a quarter of the runs are shorter. */
const step = 1.05;

/**
 * What runs of one shape cost, and whether that is little enough to run them where their requests are read. Some slow runs change
 * nothing; where most are slow it ends, and each time it ends, more short runs are needed before it begins again.
 */
export class InlineCost {
  #runs = 0;
  #slow = 0;
  #typicalMs = 0;
  #isCheap = false;
  #windowsNeeded = 1;
  #windowsGood = 0;

  /** Notes how long a run took, wherever it ran. */
  note(ms: number): void {
    if (this.#typicalMs === 0) this.#typicalMs = Math.max(ms, 0.001);
    else this.#typicalMs = ms > this.#typicalMs ? this.#typicalMs * step : this.#typicalMs / step ** 3;
    this.#runs += 1;
    if (ms > mostMs) this.#slow += 1;
    if (this.#isCheap && this.#slow > windowRuns - leastShort) this.#end();
    else if (this.#runs >= windowRuns) this.#judge();
  }

  /** `isLone`: no other request is waiting for this thread. */
  mayRun(isLone: boolean): boolean {
    return this.#isCheap && (isLone || this.#typicalMs <= hopMs);
  }

  /** What a run takes where nothing interrupts it, about. */
  get typicalMs(): number {
    return this.#typicalMs;
  }

  get isCheap(): boolean {
    return this.#isCheap;
  }

  #judge(): void {
    this.#windowsGood = this.#slow <= windowRuns - leastShort ? this.#windowsGood + 1 : 0;
    if (this.#windowsGood >= this.#windowsNeeded) this.#isCheap = true;
    this.#runs = 0;
    this.#slow = 0;
  }

  #end(): void {
    this.#isCheap = false;
    this.#windowsGood = 0;
    this.#windowsNeeded = Math.min(1024, this.#windowsNeeded * 2);
    this.#runs = 0;
    this.#slow = 0;
  }
}
