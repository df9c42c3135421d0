import { findBreakEven } from './break-even.js';
import type { Line, Plot } from './plot.js';
import type { ModelReport, Row } from '../types.js';

/** The plots of one model. */
export function plotModel(model: ModelReport, rows: readonly Row[]): readonly Plot[] {
  const usable = rows.filter(({ state }) => state !== 'failed');
  const targets = Object.keys(model.devices);
  const versus = plotVersus(model, usable);
  return [
    plotLatency(targets, usable),
    plotThroughput(model, targets, usable),
    ...(versus === undefined ? [] : [versus]),
  ];
}

function plotLatency(targets: readonly string[], rows: readonly Row[]): Plot {
  const percentiles = [
    ['p50', 'p50Ms', undefined],
    ['p90', 'p90Ms', 'dashed'],
    ['p99', 'p99Ms', 'dotted'],
  ] as const;
  const lines = targets.flatMap((target, color) =>
    percentiles.map(([name, figure, dash]): Line => {
      const chosen = rows.filter((row) => row.target === target && row.scenario === 'concurrency');
      const points = sorted(chosen.map((row) => [row.concurrency ?? 1, row[figure]] as const));
      return { name: `${target} ${name}`, points, color, ...(dash === undefined ? {} : { dash }) };
    }),
  );
  return { title: 'Latency by concurrency', xLabel: 'clients', yLabel: 'milliseconds', lines };
}

function plotThroughput(model: ModelReport, targets: readonly string[], rows: readonly Row[]): Plot {
  const batches = rows.filter(({ scenario }) => scenario === 'batch');
  const of = (name: string, chosen: readonly Row[], style: Pick<Line, 'color' | 'dash'>): Line => ({
    name,
    points: sorted(chosen.map((row) => [row.batch, row.rate] as const)),
    ...style,
  });
  const raw = batches.filter(({ role }) => role === 'raw');
  const lines = [
    ...targets.map((target, color) =>
      of(
        target,
        batches.filter((row) => row.target === target),
        { color },
      ),
    ),
    ...(raw[0] === undefined ? [] : [of(`${raw[0].target}, no server`, raw, { color: 5, dash: 'dashed' })]),
  ];
  const batch = breakEvenOf(model, rows)?.batch;
  return {
    title: 'Throughput by batch',
    xLabel: 'rows per request',
    yLabel: 'inferences per second',
    lines,
    ...(batch === undefined ? {} : { mark: { x: batch, label: `GPU from batch ${batch} on` } }),
  };
}

/** The GPU's rate over the CPU's; undefined where no GPU computed. */
function plotVersus(model: ModelReport, rows: readonly Row[]): Plot | undefined {
  const found = breakEvenOf(model, rows);
  if (found === undefined) return undefined;
  const points = found.ratios.map(({ batch, ratio }) => [batch, ratio.middle] as const);
  return {
    title: 'GPU against CPU',
    xLabel: 'rows per request',
    yLabel: 'times the rate of the CPU',
    lines: [{ name: 'GPU over CPU', points, color: 1 }],
    level: { y: 1, label: 'break-even' },
    ...(found.batch === undefined
      ? {}
      : { mark: { x: found.batch, label: `GPU faster from batch ${found.batch} on` } }),
  };
}

function breakEvenOf({ devices }: ModelReport, rows: readonly Row[]) {
  const cpu = Object.entries(devices).find(([, { device }]) => device === 'cpu')?.[0];
  const gpu = Object.entries(devices).find(([, { isGpu }]) => isGpu)?.[0];
  if (cpu === undefined || gpu === undefined) return undefined;
  return findBreakEven(
    rows.filter(({ target }) => target === cpu),
    rows.filter(({ target }) => target === gpu),
  );
}

function sorted(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  return [...points].sort(([a], [b]) => a - b);
}
