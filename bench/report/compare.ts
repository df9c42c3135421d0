import { ratioOfGroups, type Interval } from '../stats/spread.js';
import type { Report, Row, WindowFigures } from '../types.js';

/** One point of two reports. */
export interface Comparison {
  readonly point: string;
  /** `rate`: of what compute and transport cost in the same rounds; `p50`: of its inverse. Above 1 the new report is better. */
  readonly figure: 'rate' | 'rate to yardstick' | 'p50';
  readonly change: Interval;
  readonly outcome: 'slower' | 'faster' | 'same' | 'unsure' | 'broken';
}

/** All loads of a model on a target together, those with arrivals at a rate left out. */
export interface OverallComparison {
  /** `digits, native-cpu`. */
  readonly subject: string;
  readonly loads: number;
  /** Geometric mean of the loads' changes: their spread gives the interval, so that no load's own has to be narrow. */
  readonly change: Interval;
  readonly outcome: Comparison['outcome'];
}

/** How two reports differ, point by point and in all. */
export interface ComparisonOfReports {
  readonly points: readonly Comparison[];
  readonly overall: readonly OverallComparison[];
  /** Points of the old report that the new one does not have, and the other way round; different machines. */
  readonly notes: readonly string[];
}

/**
 * Compares the targets' rows of two reports. A point is `slower` only where the whole interval of its change lies beyond the
 * share `failOn`; the intervals hold all true changes together with 95 % confidence (Bonferroni); `broken` where it gives errors now and gave none before.
 */
export function compareReports(before: Report, after: Report, failOn: number): ComparisonOfReports {
  const old = new Map(before.rows.filter(isTarget).map((row) => [keyOf(row), row]));
  const pairs = after.rows.filter(isTarget).flatMap((row) => {
    const previous = old.get(keyOf(row));
    return previous === undefined || previous.state === 'failed' ? [] : [{ row, previous }];
  });
  const bar = { failOn, confidence: 1 - 0.05 / Math.max(1, pairs.length) };
  const compared = pairs.map(({ row, previous }) => ({
    row,
    comparison: comparePoint({ row, rows: after.rows }, { row: previous, rows: before.rows }, bar),
  }));
  const names = new Set(after.rows.map(keyOf));
  const missing = [...old.keys()].filter((key) => !names.has(key));
  return {
    points: compared.map(({ comparison }) => comparison),
    overall: compareOverall(compared, failOn),
    notes: [...describeMachines(before, after), ...missing.map((key) => `not measured this time: ${key}`)],
  };
}

/** Whether anything surely became slower, or gives errors now. */
export function hasRegressed({ points, overall }: ComparisonOfReports): boolean {
  return [...points, ...overall].some(isBad);
}

/** Whether an outcome counts against the new report. */
export const isBad = ({ outcome }: Pick<Comparison, 'outcome'>): boolean =>
  outcome === 'slower' || outcome === 'broken';

interface Compared {
  readonly row: Row;
  readonly comparison: Comparison;
}

/** One comparison for each model and target that has several loads; the intervals hold all of them together with 95 % confidence. */
function compareOverall(all: readonly Compared[], failOn: number): readonly OverallComparison[] {
  const changes = new Map<string, Map<string, number>>();
  for (const { row, comparison } of all) {
    if (comparison.outcome === 'broken' || row.concurrency === null) continue;
    const subject = `${row.model}, ${row.target}`;
    const load = `${row.form} ${row.batch} ${row.concurrency}`; // two scenarios may share one
    changes.set(subject, (changes.get(subject) ?? new Map<string, number>()).set(load, comparison.change.middle));
  }
  const several = [...changes].filter(([, loads]) => loads.size >= fewestLoads);
  return several.map(([subject, loads]) => {
    const change = ratioOfGroups([...loads.values()], [1, 1], 1 - 0.05 / several.length);
    return { subject, loads: loads.size, change, outcome: judge(change, failOn) };
  });
}

const fewestLoads = 4;

const isTarget = ({ role }: Row): boolean => role === 'target';

/** What a point must lie beyond, and how surely. */
interface Bar {
  readonly failOn: number;
  readonly confidence: number;
}

interface Placed {
  readonly row: Row;
  readonly rows: readonly Row[];
}

function comparePoint(after: Placed, before: Placed, { failOn, confidence }: Bar): Comparison {
  const point = keyOf(after.row);
  const [now, then] = comparable(after, before);
  const { figure } = now;
  if (after.row.state === 'failed') return { point, figure, change: { low: 0, middle: 0, high: 0 }, outcome: 'broken' };
  const change = ratioOfGroups(now.values, then.values, confidence);
  return { point, figure, change, outcome: judge(change, failOn) };
}

/** The same figure of both; the plain one where either lacks the baselines. */
function comparable(after: Placed, before: Placed): readonly [Values, Values] {
  const [now, then] = [valuesOf(after), valuesOf(before)];
  if (now.figure === then.figure) return [now, then];
  return [valuesOf({ ...after, rows: [] }), valuesOf({ ...before, rows: [] })];
}

function judge({ low, high }: Interval, failOn: number): Comparison['outcome'] {
  if (high < 1 - failOn) return 'slower';
  if (low > 1 + failOn) return 'faster';
  return low >= 1 - failOn && high <= 1 + failOn ? 'same' : 'unsure';
}

/**
 * One value a window, larger is better: the rate over the yardstick 1 / (1/raw + 1/bare) of the same round, so that a machine that is
 * slower as a whole does not count; the plain rate without baselines; 1 / p50 where the rate is given from outside.
 */
function valuesOf({ row, rows }: Placed): Values {
  const values = (valueOf: (window: WindowFigures) => number) =>
    row.windows.map(valueOf).filter((value) => Number.isFinite(value) && value > 0);
  if (row.scenario === 'arrivals') return { figure: 'p50', values: values(({ p50Ms }) => 1 / p50Ms) };
  const [raw, bare] = (['raw', 'bare'] as const).map((role) =>
    rows.find((other) => other.role === role && isSamePoint(other, row)),
  );
  if (raw === undefined || bare === undefined) return { figure: 'rate', values: values(({ rate }) => rate) };
  const rateOf = ({ windows }: Row, round: number) =>
    windows.find((window) => window.round === round)?.rate ?? Number.NaN;
  return {
    figure: 'rate to yardstick',
    values: values(({ round, rate }) => rate * (1 / rateOf(raw, round) + 1 / rateOf(bare, round))),
  };
}

interface Values {
  readonly figure: Comparison['figure'];
  readonly values: readonly number[];
}

function isSamePoint(a: Row, b: Row): boolean {
  return pointOf(a) === pointOf(b);
}

function pointOf({ model, scenario, form, batch, concurrency, requestsPerSecond }: Row): string {
  const load = concurrency === null ? `${requestsPerSecond ?? ''}/s` : `${concurrency} clients`;
  return `${model} ${scenario} ${form} batch ${batch}, ${load}`;
}

function keyOf(row: Row): string {
  return `${pointOf(row)}, ${row.target}`;
}

function describeMachines(before: Report, after: Report): readonly string[] {
  const facts = ['cpu', 'node', 'onnxRuntime', 'governor'] as const;
  return facts
    .filter((fact) => before.environment[fact] !== after.environment[fact])
    .map(
      (fact) =>
        `${fact} differs: ${before.environment[fact] ?? 'unknown'} before, ${after.environment[fact] ?? 'unknown'} now`,
    );
}
