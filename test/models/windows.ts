/** A labelled series: faults as [start, end, kind], end not included. */
export interface LabelledSeries {
  readonly values: readonly number[];
  readonly anomalies: readonly (readonly [number, number, string])[];
}

export interface JudgedWindow {
  readonly values: readonly number[];
  readonly hasFault: boolean;
}

const size = 64;
const stride = 16;
/** Samples at a window's beginning that are context only. */
const context = 8;

/** Windows of 64 every 16 samples; one whose only fault ends within its first eight samples is left out. */
export function cutWindows({ values, anomalies }: LabelledSeries): readonly JudgedWindow[] {
  const windows: JudgedWindow[] = [];
  for (let at = 0; at + size <= values.length; at += stride) {
    const touches = (from: number) => anomalies.some(([start, end]) => start < at + size && end > at + from);
    if (touches(0) && !touches(context)) continue;
    windows.push({ values: values.slice(at, at + size), hasFault: touches(context) });
  }
  return windows;
}

/** Largest distance of a sample from the mean of the 16 before it, in their standard deviations: the rule to beat. */
export function rollingZ(values: readonly number[]): number {
  const floor = 0.01 * spread(values) + 1e-12;
  const distances = values.slice(stride).map((value, index) => {
    const before = values.slice(index, index + stride);
    return Math.abs(value - mean(before)) / (spread(before) + floor);
  });
  return Math.max(...distances);
}

/** Chance that a window with a fault scores above one without, ties counted half. */
export function auroc(windows: readonly JudgedWindow[], scores: readonly number[]): number {
  const of = (hasFault: boolean) => scores.filter((_, index) => windows[index]?.hasFault === hasFault);
  const [faulty, normal] = [of(true), of(false)];
  const wins = faulty.map((score) => mean(normal.map((other) => (Math.sign(score - other) + 1) / 2)));
  return mean(wins);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function spread(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}
