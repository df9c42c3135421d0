/** One timer for whatever comes first. */
export interface Alarm {
  /** Rings at `atMs` of the clock or earlier; an earlier time that was set stays. */
  setBy(atMs: number): void;
  clear(): void;
}

/** An alarm that calls `ring` with the time it was set for, which the clock may miss by a fraction of a millisecond. */
export function createAlarm(clock: () => number, ring: (atMs: number) => void): Alarm {
  let timer: NodeJS.Timeout | undefined;
  let setForMs = Number.POSITIVE_INFINITY;

  const clear = (): void => {
    clearTimeout(timer);
    timer = undefined;
    setForMs = Number.POSITIVE_INFINITY;
  };
  return {
    clear,
    setBy(wishMs) {
      const nowMs = clock();
      const atMs = Math.min(wishMs, nowMs + longestTimeoutMs);
      if (atMs >= setForMs) return;
      clear();
      setForMs = atMs;
      timer = setTimeout(
        () => {
          clear();
          ring(atMs);
        },
        Math.max(0, atMs - nowMs),
      );
    },
  };
}

/** Node's timers take no longer time. */
const longestTimeoutMs = 2 ** 31 - 1;
