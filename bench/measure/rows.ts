import type { Ratios, Row, WindowFigures } from '../types.js';
import { mergeHistograms } from '../stats/histogram.js';
import { intervalOf, ratioOfPairs, type Interval } from '../stats/spread.js';
import { addCounts, summarise, type RoundSample, type Series } from './interleave.js';
import type { Point } from '../load/points.js';
import type { Sample } from './sample.js';

/** What was measured at one point, as rows of the report. */
export function toRows(model: string, point: Point, all: readonly Series[]): readonly Row[] {
  return all.map((series) => toRow({ model, point, all }, series));
}

interface Context {
  readonly model: string;
  readonly point: Point;
  readonly all: readonly Series[];
}

function toRow({ model, point, all }: Context, series: Series): Row {
  const { counted } = series;
  const samples = counted.map(({ sample }) => sample);
  const windows = series.samples.map((round) => toFigures(round, counted.includes(round)));
  const { arrivals } = point;
  return {
    model,
    target: series.name,
    role: series.role,
    scenario: point.scenario,
    form: point.form,
    batch: point.batch,
    concurrency: arrivals.kind === 'closed' ? arrivals.concurrency : null,
    requestsPerSecond: arrivals.kind === 'poisson' ? arrivals.requestsPerSecond : null,
    state: series.state,
    remarks: [...series.remarks, ...findBacklog(samples, point)],
    statuses: addCounts(series.samples.map(({ sample }) => sample.statuses)),
    windows,
    ...rates(samples, windows),
    ...latencies(samples),
    ...shares(samples),
    ratios: series.role === 'target' ? findRatios(series, all) : { toRaw: null, toBare: null, toYardstick: null },
  };
}

function toFigures({ round, sample }: RoundSample, isCounted: boolean): WindowFigures {
  const { throughput, p50, p99 } = summarise(sample);
  return { round, rate: throughput, p50Ms: p50, p99Ms: p99, isCounted };
}

function rates(samples: readonly Sample[], windows: readonly WindowFigures[]): Pick<Row, 'rate' | 'rateInterval'> {
  const sum = (pick: (sample: Sample) => number) => samples.reduce((total, sample) => total + pick(sample), 0);
  const counted = windows.filter(({ isCounted }) => isCounted).map(({ rate }) => rate);
  return {
    rate: (sum(({ inferences }) => inferences) * 1000) / sum(({ elapsedMs }) => elapsedMs),
    rateInterval: intervalOf(counted),
  };
}

type Latencies = Pick<Row, 'p50Ms' | 'p90Ms' | 'p95Ms' | 'p99Ms' | 'meanMs' | 'maxMs' | 'histogram'>;

function latencies(samples: readonly Sample[]): Latencies {
  const merged = mergeHistograms(samples.map((sample) => sample.latencies));
  return {
    p50Ms: merged.percentileMs(50),
    p90Ms: merged.percentileMs(90),
    p95Ms: merged.percentileMs(95),
    p99Ms: merged.percentileMs(99),
    meanMs: merged.meanMs,
    maxMs: merged.maxMs,
    histogram: merged.toData(),
  };
}

type Shares = Pick<Row, 'serverMs' | 'clientMs' | 'serverCpuMs' | 'devices'>;

function shares(samples: readonly Sample[]): Shares {
  const clients = samples.flatMap(({ clientMs }) => (clientMs === null ? [] : [clientMs]));
  const cpu = samples.flatMap(({ serverCpuMs }) => (serverCpuMs === null ? [] : [serverCpuMs]));
  const names = new Set(samples.flatMap(({ serverMs }) => Object.keys(serverMs)));
  return {
    serverMs: Object.fromEntries(
      [...names].map((name) => [name, meanOf(samples.map(({ serverMs }) => serverMs[name] ?? 0))]),
    ),
    clientMs:
      clients.length === 0
        ? null
        : { send: meanOf(clients.map(({ send }) => send)), receive: meanOf(clients.map(({ receive }) => receive)) },
    serverCpuMs: cpu.length === 0 ? null : meanOf(cpu),
    devices: addCounts(samples.map(({ devices }) => devices)),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function findBacklog(samples: readonly Sample[], { arrivals }: Point): readonly string[] {
  if (arrivals.kind === 'closed') return [];
  const most = Math.max(0, ...samples.map(({ backlog }) => backlog));
  return most > 0 ? [`${most} requests were still due when a window ended: the rate is more than it can do`] : [];
}

/** Rates over those of the baselines in the same rounds, so that drift cancels. Errors are not compared. */
function findRatios(series: Series, all: readonly Series[]): Ratios {
  const baseline = (role: Series['role']) => all.find((other) => other.role === role && other.state !== 'failed');
  const [raw, bare] = [baseline('raw'), baseline('bare')];
  const over = (rateOf: (round: number) => number | undefined): Interval | null => {
    if (series.state === 'failed') return null;
    const pairs = series.counted.flatMap(({ round, sample }) => {
      const other = rateOf(round);
      return other === undefined ? [] : [[summarise(sample).throughput, other] as const];
    });
    return pairs.length === 0 ? null : ratioOfPairs(pairs);
  };
  const rawRate = (round: number) => rateIn(raw, round);
  const bareRate = (round: number) => rateIn(bare, round);
  return {
    toRaw: over(rawRate),
    toBare: over(bareRate),
    toYardstick: over((round) => inSeries(rawRate(round), bareRate(round))),
  };
}

function rateIn(series: Series | undefined, round: number): number | undefined {
  const found = series?.samples.find((other) => other.round === round);
  return found === undefined ? undefined : summarise(found.sample).throughput;
}

/** The rate of two steps that follow each other. */
function inSeries(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : 1 / (1 / a + 1 / b);
}
