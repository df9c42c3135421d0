/** How good a candidate was: the most inferences a second within the latency target, or how far it stayed from it. */
export interface Score {
  /** 0 where no load kept the target. */
  readonly rate: number;
  /** p99 at that rate, or the smallest p99 seen where none kept the target. */
  readonly p99Ms: number;
}

/** One evaluation. */
export interface Trial<C> {
  readonly candidate: C;
  readonly rung: number;
  readonly score: Score;
}

/** What successive halving works on, and how it measures. */
export interface HalvingOptions<C> {
  readonly candidates: readonly C[];
  /** Longest look at a candidate of a rung, in milliseconds a load; a rung keeps the best third for the next. */
  readonly windowsMs: readonly number[];
  readonly evaluate: (candidate: C, windowMs: number) => Promise<Score>;
  readonly onTrial: (trial: Trial<C>) => void;
  /** No further trial begins once this says so; what was tried by then decides. */
  readonly isOver: () => boolean;
}

/** Successive halving (Jamieson and Talwalkar 2016): many candidates get a short look, the best third of each rung a longer one. */
export async function searchByHalving<C>(options: HalvingOptions<C>): Promise<readonly Trial<C>[]> {
  const { windowsMs, evaluate, onTrial, isOver } = options;
  const all: Trial<C>[] = [];
  let left = options.candidates;
  for (const [rung, windowMs] of windowsMs.entries()) {
    const trials: Trial<C>[] = [];
    for (const candidate of left) {
      if (isOver()) break;
      const trial = { candidate, rung, score: await evaluate(candidate, windowMs) };
      trials.push(trial);
      onTrial(trial);
    }
    all.push(...trials);
    left = [...trials]
      .sort(byScore)
      .slice(0, Math.ceil(trials.length / 3))
      .map(({ candidate }) => candidate);
  }
  return all;
}

/** The best trial of the last rung that any candidate reached. */
export function findBest<C>(trials: readonly Trial<C>[]): Trial<C> | undefined {
  const last = Math.max(...trials.map(({ rung }) => rung));
  return trials.filter(({ rung }) => rung === last).sort(byScore)[0];
}

function byScore(a: Trial<unknown>, b: Trial<unknown>): number {
  return b.score.rate - a.score.rate || a.score.p99Ms - b.score.p99Ms;
}
