import type { LoopTurns } from './loop-turns.js';
import { queueTooLong, tooManyRequests } from './refusals.js';

/** What a model's admission is decided by. */
export interface AdmissionOptions {
  /** Name for messages. */
  readonly model: string;
  /** Longest time that requests which were taken before may take; 0: any. */
  readonly limitMs: number;
  /** Requests that may be under way, whatever they take. */
  readonly mostRequests: number;
  /** Workers that hold the model. */
  readonly instances: number;
  /** What a request is taken to cost before one was answered, in milliseconds. */
  readonly firstRequestMs: number;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** The loop that reads requests; what one of them has waited there counts with what is before it. */
  readonly turns: LoopTurns;
}

/** A request that was taken, until it is answered. */
export interface Ticket {
  readonly weight: number;
  readonly enteredMs: number;
}

/** A request whose body is being read. */
export interface Receipt {
  readonly sinceMs: number;
}

/** Whether a model takes a request. */
export interface Admission {
  /**
   * Asked before the body is read, of a request that has waited so long to be read itself. What is being received counts for a while: then it
   * is a slow client, and nobody's queue. Throws QUEUE_FULL.
   */
  check(waitedMs?: number): Receipt;
  /** Its body is there, or will not arrive. */
  drop(receipt: Receipt): void;
  /** Counts a request whose body is there, of so many bytes, until it leaves. Throws QUEUE_FULL. */
  enter(bytes: number): Ticket;
  leave(ticket: Ticket, isAnswered: boolean): void;
  /** What all requests that were taken and are not answered yet will take. */
  readonly waitMs: number;
  readonly refusals: number;
}

/** Requests of other sizes count half by their number, half by their bytes, up to so much. */
const mostWeight = 32;
const meanMemory = 0.95;

/** A body that is on its way for longer comes from a slow client. */
const receivingMs = 2000;

/** After so long without any answer from a model that has given none yet, what waits is taken to cost more and more. */
const patienceMs = 1000;

/** Admission by the time that is queued, wherever that is: before decoding, in the codec, for a worker, or as an answer. */
export function createAdmission(options: AdmissionOptions): Admission {
  return new TimedAdmission(options);
}

/**
 * - What a request costs is learned from the ends of those before, so that the slowest stage counts whichever it is.
 * - Where no worker has more than one request ahead, none is refused for its time: there is no queue then.
 */
class TimedAdmission implements Admission {
  readonly #options: AdmissionOptions;
  readonly #rate: WorkRate;
  #count = 0;
  #weight = 0;
  readonly #receiving = new Set<Receipt>();
  #meanBytes = 0;
  #lastAnswerMs = Number.NEGATIVE_INFINITY;
  #busySinceMs = 0;
  #hasEnded = false;
  refusals = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#rate = createWorkRate(options.firstRequestMs);
  }

  get waitMs(): number {
    return this.#weight * this.#msPerWeight;
  }

  get #msPerWeight(): number {
    return Math.max(this.#rate.msPerWeight, this.#silenceMs());
  }

  check(waitedMs = 0): Receipt {
    const receipt = { sinceMs: this.#options.clock() };
    this.#forgetSlow(receipt.sinceMs);
    this.#refuseWhereFull({ receiving: this.#receiving.size, waitedMs });
    this.#receiving.add(receipt);
    return receipt;
  }

  drop(receipt: Receipt): void {
    this.#receiving.delete(receipt);
  }

  enter(bytes: number): Ticket {
    this.#refuseWhereFull({ receiving: 0, waitedMs: 0 });
    const nowMs = this.#options.clock();
    if (this.#count === 0) this.#busySinceMs = nowMs;
    const weight = this.#weigh(bytes);
    this.#count += 1;
    this.#weight += weight;
    return { weight, enteredMs: nowMs };
  }

  leave({ weight, enteredMs }: Ticket, isAnswered: boolean): void {
    const share = Math.min(1, this.#count / this.#options.instances);
    this.#hasEnded = true;
    this.#count -= 1;
    this.#weight = this.#count === 0 ? 0 : this.#weight - weight;
    if (!isAnswered) return;
    const nowMs = this.#options.clock();
    this.#rate.note({ weight, intervalMs: nowMs - Math.max(this.#lastAnswerMs, enteredMs), share });
    this.#lastAnswerMs = nowMs;
  }

  /** They are in the order in which they began. A loop that is behind is no fault of a client's. */
  #forgetSlow(nowMs: number): void {
    for (const receipt of this.#receiving) {
      const takenMs = nowMs - receipt.sinceMs;
      if (takenMs < receivingMs || takenMs < receivingMs + 2 * this.#options.turns.lagMs) return;
      this.drop(receipt);
    }
  }

  /** `receiving`: requests before it whose bodies are on their way. */
  #refuseWhereFull({ receiving, waitedMs }: { readonly receiving: number; readonly waitedMs: number }): void {
    const { model, limitMs, mostRequests, instances, turns } = this.#options;
    const requests = this.#count + receiving;
    if (requests < 2 * instances) return;
    turns.note();
    const queuedMs = (this.#weight + receiving) * this.#msPerWeight;
    // A loop that stood still for once is no queue.
    const waitMs = queuedMs + Math.min(turns.lagMs + waitedMs, limitMs / 2);
    const isTooLong = limitMs > 0 && waitMs > limitMs;
    if (!isTooLong && requests < mostRequests) return;
    this.refusals += 1;
    const facts = { model, requests, retryAfterMs: Math.ceil(waitMs) };
    throw isTooLong ? queueTooLong({ ...facts, limitMs }) : tooManyRequests({ ...facts, mostRequests });
  }

  #silenceMs(): number {
    if (this.#hasEnded || this.#count === 0) return 0;
    return (this.#options.clock() - this.#busySinceMs - patienceMs) / this.#options.instances;
  }

  #weigh(bytes: number): number {
    if (bytes === 0) return 1;
    this.#meanBytes = this.#meanBytes === 0 ? bytes : this.#meanBytes * meanMemory + bytes * (1 - meanMemory);
    return Math.min(mostWeight, 0.5 + (0.5 * bytes) / this.#meanBytes);
  }
}

/** One finished piece of work. */
interface WorkEnd {
  readonly weight: number;
  /** Since the end before it, or since its own begin where that was later. */
  readonly intervalMs: number;
  /** How much of what can be under way at the same time was, up to 1. */
  readonly share: number;
}

/** What a unit of work takes of a place where much is under way at the same time, from the intervals between the ends. */
interface WorkRate {
  note(end: WorkEnd): void;
  readonly msPerWeight: number;
}

/** Ends of this long are remembered, and of at least so many times the newest interval. */
const memoryMs = 500;
const memoryIntervals = 4;

/**
 * A sum of intervals over a sum of weights, both of which fade, so that runs that answer many at once count right. Where less is
 * under way than could be, an interval says only what so few take: it counts for as much as its share.
 */
function createWorkRate(firstMsPerWeight: number): WorkRate {
  let [sumMs, sumWeight] = [0, 0];
  return {
    note({ weight, intervalMs, share }) {
      const kept = Math.exp(-intervalMs / Math.max(memoryMs, memoryIntervals * intervalMs));
      sumMs = sumMs * kept + intervalMs * share;
      sumWeight = sumWeight * kept + weight;
    },
    get msPerWeight() {
      return sumWeight === 0 ? firstMsPerWeight : sumMs / sumWeight;
    },
  };
}
