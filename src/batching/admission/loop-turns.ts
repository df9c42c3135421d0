/** How the turns of an event loop are told: what the time is, and when the one that is under way is over. */
export interface TurnSource {
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly onTurnEnd: (callback: () => void) => void;
}

/** How far an event loop is behind. */
export interface LoopTurns {
  /** Called for every request that finds a queue. Other turns are not measured: that keeps the loop awake for a turn more. */
  note(): void;
  /** How long the present turn has taken, or the one before it where that was longer: so long have requests waited that are read only now. */
  readonly lagMs: number;
}

/** Measures turns from end to end while requests come; an idle loop is not kept awake. */
export function createLoopTurns({ clock, onTurnEnd }: TurnSource): LoopTurns {
  let [startedMs, lastMs, isOpen, hasRequests] = [0, 0, false, false];
  const begin = (): void => {
    startedMs = clock();
    hasRequests = false;
    isOpen = true;
    onTurnEnd(end);
  };
  const end = (): void => {
    lastMs = clock() - startedMs;
    isOpen = false;
    if (hasRequests) begin();
  };
  return {
    note() {
      if (!isOpen) {
        lastMs = 0;
        begin();
      }
      hasRequests = true;
    },
    get lagMs() {
      return isOpen ? Math.max(lastMs, clock() - startedMs) : 0;
    },
  };
}

/** The turns of this thread's loop. */
export const loopTurns = createLoopTurns({
  clock: () => performance.now(),
  onTurnEnd: (callback) => void setImmediate(callback),
});
