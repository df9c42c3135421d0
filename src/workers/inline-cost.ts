/** A run up to this long may run on the HTTP thread while no other request waits for that thread. */
const mostMs = 0.2;

/** What handing a run to a worker costs in the end: two wake-ups of a thread, its own work aside. A shorter run is not worth that. */
const hopMs = 0.1;

/**
 * Runs that one judgement looks back on, and how many of them may be slow. A quarter: where other processes share the processor, a run
 * that is interrupted takes milliseconds, and takes them as well where it was handed over. That a run of the same shape may cost more
 * by itself is not left to this: models that can are never asked about.
 */
const windowRuns = 32;
const mostSlowToBegin = 8;
const leastSlowToEnd = 16;

/** The typical time moves by this factor at every run, up or down: it settles where half of the runs are longer, however long these are. */
const step = 1.05;

/**
 * What runs of one shape cost, and whether that is little enough to run them where their requests are read. One slow run changes
 * nothing; several end it, and each time it ends, more cheap runs are needed before it begins again.
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
    else this.#typicalMs = ms > this.#typicalMs ? this.#typicalMs * step : this.#typicalMs / step;
    this.#runs += 1;
    if (ms > mostMs) this.#slow += 1;
    if (this.#isCheap && this.#slow >= leastSlowToEnd) this.#end();
    else if (this.#runs >= windowRuns) this.#judge();
  }

  /** `isAlone`: no other request is waiting for this thread. */
  mayRun(isAlone: boolean): boolean {
    return this.#isCheap && (isAlone || this.#typicalMs <= hopMs);
  }

  get isCheap(): boolean {
    return this.#isCheap;
  }

  #judge(): void {
    this.#windowsGood = this.#slow <= mostSlowToBegin ? this.#windowsGood + 1 : 0;
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

/** How many requests come at the same time: those of one turn of the event loop, smoothed. */
export class Arrivals {
  #now = 0;
  #mean = 1;

  /** Counts a request. */
  note(): void {
    if (this.#now++ === 0) {
      setImmediate(() => {
        this.#mean = this.#mean * 0.9 + this.#now * 0.1;
        this.#now = 0;
      });
    }
  }

  get isLone(): boolean {
    return this.#now <= 1 && this.#mean < 1.2;
  }
}
