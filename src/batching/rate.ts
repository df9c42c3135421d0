/** How fast a queue empties, from its finished runs. */
export interface RunRate {
  note(run: { readonly rows: number; readonly startedMs: number; readonly endedMs: number }): void;
  /** Milliseconds that so many rows take; undefined before the first run. */
  estimateMs(rows: number): number | undefined;
}

/** Share of the newest run in the average. */
const weight = 0.2;

/** Averages the time between the ends of runs, idle time left out, so that runs side by side count as faster. */
export function createRunRate(): RunRate {
  let msPerRow: number | undefined;
  let lastEndMs = Number.NEGATIVE_INFINITY;
  return {
    note({ rows, startedMs, endedMs }) {
      const newest = (endedMs - Math.max(lastEndMs, startedMs)) / rows;
      msPerRow = msPerRow === undefined ? newest : msPerRow + weight * (newest - msPerRow);
      lastEndMs = endedMs;
    },
    estimateMs: (rows) => (msPerRow === undefined ? undefined : Math.ceil(msPerRow * rows)),
  };
}
