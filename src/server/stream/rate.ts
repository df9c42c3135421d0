/** Frames that the rate is counted over. */
const recent = 30;

/** Counts frames a second, over the last ones. */
export class FrameRate {
  #times: readonly number[] = [];

  add(nowMs: number): void {
    this.#times = [...this.#times, nowMs].slice(-recent - 1);
  }

  /** Frames a second up to now: a source that has stopped comes to nought. */
  at(nowMs: number): number {
    const [first] = this.#times;
    if (first === undefined || this.#times.length < 2) return 0;
    return ((this.#times.length - 1) * 1000) / Math.max(nowMs - first, 1);
  }
}
