import { ratioOfPairs, type Interval } from '../stats/spread.js';
import type { Row } from '../types.js';

/** How a GPU compares with the CPU at one batch. */
export interface BatchRatio {
  readonly batch: number;
  /** GPU's rate over the CPU's in the same rounds. */
  readonly ratio: Interval;
}

/** From where on the GPU is the faster one. */
export interface BreakEven {
  readonly ratios: readonly BatchRatio[];
  /** The batch at which the GPU gains most. */
  readonly best: BatchRatio;
  /** Smallest batch from which on the GPU is faster at every larger one; undefined where it never is. */
  readonly batch: number | undefined;
  /** Largest rate in requests a second up to which the CPU answers sooner; 0 where it never does, Infinity where the GPU never does. */
  readonly rate: number;
}

/** Compares one model's rows on the CPU with those on a GPU; undefined where no batch was measured on both without errors. */
export function findBreakEven(cpu: readonly Row[], gpu: readonly Row[]): BreakEven | undefined {
  const ratios = pairByBatch(cpu, gpu);
  const [first, ...others] = ratios;
  if (first === undefined) return undefined;
  const best = others.reduce((most, other) => (other.ratio.middle > most.ratio.middle ? other : most), first);
  const lastLoss = ratios.findLastIndex(({ ratio }) => ratio.middle <= 1);
  return { ratios, best, batch: ratios[lastLoss + 1]?.batch, rate: findRate(toCurve(cpu), toCurve(gpu)) };
}

function pairByBatch(cpu: readonly Row[], gpu: readonly Row[]): readonly BatchRatio[] {
  const usable = (rows: readonly Row[]) =>
    rows.filter(({ scenario, state }) => scenario === 'batch' && state !== 'failed');
  return usable(gpu)
    .flatMap((row) => {
      const other = usable(cpu).find(({ batch }) => batch === row.batch);
      const pairs = (other?.windows ?? []).flatMap(({ round, rate }) => {
        const window = row.windows.find((candidate) => candidate.round === round);
        return window === undefined ? [] : [[window.rate, rate] as const];
      });
      return pairs.length === 0 ? [] : [{ batch: row.batch, ratio: ratioOfPairs(pairs) }];
    })
    .sort((a, b) => a.batch - b.batch);
}

/** Median latency by rate, ascending. */
type Curve = readonly (readonly [rate: number, p50Ms: number])[];

function toCurve(rows: readonly Row[]): Curve {
  return rows
    .filter(({ scenario, state }) => (scenario === 'latency' || scenario === 'concurrency') && state !== 'failed')
    .map(({ rate, p50Ms }) => [rate, p50Ms] as const)
    .sort(([a], [b]) => a - b);
}

const steps = 400;

/** Walks up the rates that either can do until the GPU answers sooner. */
function findRate(cpu: Curve, gpu: Curve): number {
  const most = Math.max(0, ...cpu.map(([rate]) => rate), ...gpu.map(([rate]) => rate));
  let reached = 0;
  for (let i = 1; i <= steps; i++) {
    const rate = (most * i) / steps;
    if (latencyAt(cpu, rate) > latencyAt(gpu, rate)) return reached;
    reached = rate;
  }
  return Number.POSITIVE_INFINITY;
}

/** Linear between two points, the first point's below it, Infinity above the last: more than it can do. */
function latencyAt(curve: Curve, rate: number): number {
  const above = curve.findIndex(([other]) => other >= rate);
  const right = curve[above];
  if (right === undefined) return Number.POSITIVE_INFINITY;
  const left = curve[above - 1];
  if (left === undefined) return right[1];
  return left[1] + ((right[1] - left[1]) * (rate - left[0])) / (right[0] - left[0]);
}
