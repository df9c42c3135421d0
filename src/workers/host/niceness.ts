import { getPriority, setPriority } from 'node:os';

/** What computes for long stands this far behind the HTTP thread, which is given a CPU that both want for three times as long. */
const computingNiceness = 5;

/** Trials stand as far behind what serves. */
export const trialNiceness = 10;

/** The last place there is. */
const last = 19;

/** Puts the calling process this far behind where it stands: never before that, which only a privileged one may be. */
export function standBehind(niceness: number): void {
  try {
    setPriority(Math.min(getPriority() + niceness, last));
  } catch {
    // A sandbox forbids it: answers are the same, only in another order.
  }
}

/** A run from here on delays other requests more than being late would delay it. */
const longRunNs = 1e6;

/** So many more long runs than short ones show that a worker is not there for cheap models alone. */
const enoughLongRuns = 16;

/** Puts a worker behind once it has had long runs; never forward again, which only a privileged one may. Cheap models' workers keep their place. */
export class LongRuns {
  readonly #standBehind: () => void;
  #surplus = 0;
  #isBehind = false;

  constructor(standBehind = standBehindMain) {
    this.#standBehind = standBehind;
  }

  note(computeNs: number): void {
    if (this.#isBehind) return;
    this.#surplus = Math.max(0, this.#surplus + (computeNs >= longRunNs ? 1 : -1));
    if (this.#surplus < enoughLongRuns) return;
    this.#isBehind = true;
    this.#standBehind();
  }
}

/** Puts the calling thread, which computes, behind its process's main thread. Only on Linux does each thread have its own place. */
export function standBehindMain(): void {
  if (process.platform === 'linux') standBehind(computingNiceness);
}
