/** One finished piece of work. */
export interface WorkEnd {
  readonly weight: number;
  /** Since the end before it, or since its own begin where that was later. */
  readonly intervalMs: number;
  /** How much of what can be under way at the same time was, up to 1. */
  readonly share: number;
}

/** What a unit of work takes of a place where much is under way at the same time, from the intervals between the ends. */
export interface WorkRate {
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
export function createWorkRate(firstMsPerWeight: number): WorkRate {
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
