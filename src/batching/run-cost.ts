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

/** What a run costs: a fixed part and one for each row, learned from the runs there were. */
export interface RunCost {
  /** Counts a run of so many rows, padding included, that took so long in its worker. */
  note(rows: number, ms: number): void;
  /** Over how many of `most` free workers to spread `rows` rows; `pad` answers the rows that run for a share of so many. */
  spread(rows: number, most: number, pad: (rows: number) => number): number;
  /** Rows that a run of so long takes at least, by what a row has cost so far, its share of the fixed part included; undefined before the first run. */
  rowsWithin(ms: number): number | undefined;
}

/** Weight of all earlier runs at each new one: about the last thirty count. */
const memory = 0.97;

/** Relative variance of the rows below which the two parts cannot be told apart. */
const leastVariance = 0.01;

/**
 * Spreading over p workers answers after fixed + perRow * rows / p and costs (p - 1) * fixed of processor time more; the p with the
 * least sum of both is chosen. A model whose rows cost little beside the fixed part (reading large weights) stays on one worker; one
 * whose time is in its rows takes all. The parts are a least-squares line over recent runs. While these were all of one size, the size
 * that differs more from it is run, which tells.
 */
export function createRunCost(): RunCost {
  let [count, rowsSum, msSum, rowsSquared, rowsTimesMs] = [0, 0, 0, 0, 0];
  return {
    note(rows, ms) {
      count = count * memory + 1;
      rowsSum = rowsSum * memory + rows;
      msSum = msSum * memory + ms;
      rowsSquared = rowsSquared * memory + rows * rows;
      rowsTimesMs = rowsTimesMs * memory + rows * ms;
    },
    rowsWithin: (ms) => (count === 0 ? undefined : Math.floor((ms * rowsSum) / msSum)),
    spread(rows, most, pad) {
      if (count === 0) return 1;
      const [meanRows, meanMs] = [rowsSum / count, msSum / count];
      const variance = rowsSquared / count - meanRows ** 2;
      const shareOf = (parts: number): number => pad(Math.ceil(rows / parts));
      if (variance < leastVariance * meanRows ** 2) {
        return Math.abs(shareOf(1) - meanRows) > Math.abs(shareOf(most) - meanRows) ? 1 : most;
      }
      const perRowMs = Math.max(0, (rowsTimesMs / count - meanRows * meanMs) / variance);
      const fixedMs = Math.max(0, meanMs - perRowMs * meanRows);
      const costOf = (parts: number): number => parts * fixedMs + perRowMs * shareOf(parts);
      let best = 1;
      for (let parts = 2; parts <= most; parts += 1) if (costOf(parts) < costOf(best)) best = parts;
      return best;
    },
  };
}
