/** Middle value, the mean of the two middle ones for an even count; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** A ratio with an interval that holds the true one with about 95 % confidence. */
export interface Interval {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/**
 * The ratio a / b of paired measurements with the 95 % interval of its geometric mean (Student's t over the logarithms: drift that
 * slows both of a pair cancels). Two pairs or more; one pair gives an interval without bounds.
 */
export function ratioOfPairs(pairs: readonly (readonly [a: number, b: number])[]): Interval {
  const logs = pairs.map(([a, b]) => Math.log(a / b));
  const count = logs.length;
  const mean = logs.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { low: 0, middle: Math.exp(mean), high: Number.POSITIVE_INFINITY };
  const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const reach = studentT(count - 1) * Math.sqrt(variance / count);
  return { low: Math.exp(mean - reach), middle: Math.exp(mean), high: Math.exp(mean + reach) };
}

/** Two-sided 95 % quantiles of Student's t by degrees of freedom (Student 1908; the normal's 1.96 from 30 on). */
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045,
];

function studentT(degrees: number): number {
  return quantiles[degrees - 1] ?? 1.96;
}

const steps = 20_000;

/**
 * Two-sided quantile of Student's t: with x = sqrt(n) tan(angle) its density is cos(angle)^(n - 1), which is summed up until the
 * share asked for is reached. Good to 0.1 % up to a confidence of 0.9999.
 */
export function quantileOf(degrees: number, confidence: number): number {
  const width = Math.PI / 2 / steps;
  const slices = Array.from({ length: steps }, (_, i) => Math.cos((i + 0.5) * width) ** (degrees - 1));
  const wanted = confidence * slices.reduce((sum, slice) => sum + slice, 0);
  let reached = 0;
  for (const [i, slice] of slices.entries()) {
    if (reached + slice >= wanted) return Math.sqrt(degrees) * Math.tan((i + (wanted - reached) / slice) * width);
    reached += slice;
  }
  return Number.POSITIVE_INFINITY;
}

/** Whether all values lie within `tolerance` of their mean, e.g. 0.1 for 10 %. */
export function isSteady(values: readonly number[], tolerance: number): boolean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.every((value) => Math.abs(value - mean) <= tolerance * mean);
}

/** The mean of a few values, geometric, with the 95 % interval that their spread gives it; one value has no bounds. */
export function intervalOf(values: readonly number[]): Interval {
  return ratioOfPairs(values.map((value) => [value, 1] as const));
}

/**
 * The ratio of the means (geometric) of two independent groups with its interval (Welch 1947, over the logarithms, degrees
 * of freedom by Welch and Satterthwaite, rounded down). Two values or more in each; else the interval has no bounds.
 */
export function ratioOfGroups(a: readonly number[], b: readonly number[], confidence = 0.95): Interval {
  const [first, second] = [logMoments(a), logMoments(b)];
  const difference = first.mean - second.mean;
  if (a.length < 2 || b.length < 2) return { low: 0, middle: Math.exp(difference), high: Number.POSITIVE_INFINITY };
  const error = first.squaredError + second.squaredError;
  const degrees = error ** 2 / (first.squaredError ** 2 / (a.length - 1) + second.squaredError ** 2 / (b.length - 1));
  const reach = error === 0 ? 0 : quantileOf(Math.max(1, Math.floor(degrees)), confidence) * Math.sqrt(error);
  return {
    low: Math.exp(difference - reach),
    middle: Math.exp(difference),
    high: Math.exp(difference + reach),
  };
}

/** Mean of the logarithms and the square of its standard error. */
function logMoments(values: readonly number[]): { readonly mean: number; readonly squaredError: number } {
  const logs = values.map(Math.log);
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (logs.length - 1);
  return { mean, squaredError: variance / logs.length };
}
