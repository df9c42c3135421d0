import type { Interval } from '../stats/spread.js';
import { isBad, type ComparisonOfReports } from './compare.js';

/** The comparison as lines for a terminal; the last one is the outcome. */
export function formatComparison(comparison: ComparisonOfReports, failOn: number): string {
  const { points, overall, notes } = comparison;
  const lines = [
    ...points.map(({ point, figure, change, outcome }) =>
      outcome === 'broken' ? [outcome, `${point}: errors now`] : [outcome, `${point}: ${rangeOf(change)} in ${figure}`],
    ),
    ...overall.map(({ subject, loads, change, outcome }) => [
      outcome,
      `${subject}: all ${loads} loads together: ${rangeOf(change)}`,
    ]),
  ].map(([outcome = '', text = '']) => `  ${outcome.padEnd(6)}  ${text}`);
  const share = `${Number((failOn * 100).toFixed(2))} %`;
  const bad = points.filter(isBad).length;
  const of = bad > 0 ? `${bad} of ${points.length} points are` : `None of ${points.length} points is`;
  const models = overall.filter(isBad).map(({ subject }) => subject);
  const also = models.length > 0 ? ` Over all loads slower: ${models.join('; ')}.` : '';
  const errors = points.some(({ outcome }) => outcome === 'broken') ? ', or give errors now' : '';
  const end = `${of} slower than the baseline by more than ${share} with 95 % confidence${errors}.${also}`;
  return ['Compared with the baseline:', ...lines, ...notes.map((note) => `  note: ${note}`), end, ''].join('\n');
}

/** `-1.3 % (-2.6 % to 0.1 %)`. */
function rangeOf({ low, middle, high }: Interval): string {
  const percent = (value: number) => (Number.isFinite(value) ? `${((value - 1) * 100).toFixed(1)} %` : '?');
  return `${percent(middle)} (${percent(low)} to ${percent(high)})`;
}
