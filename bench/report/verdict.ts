import { describeGpus } from '../environment/gpus.js';
import { intervalOf } from '../stats/spread.js';
import { findBreakEven, type BreakEven } from './break-even.js';
import { nameOf } from './table.js';
import type { DeviceProof, ModelReport, Report, Row } from '../types.js';

type Findings = Pick<Report, 'targets' | 'models' | 'rows' | 'environment'>;

/** The answer: one line a model, and before them one that says why there is no GPU where none computed. */
export function decide(report: Findings): readonly string[] {
  const hasGpu = report.models.some(({ devices }) => Object.values(devices).some(({ isGpu }) => isGpu));
  const lines = report.models.map((model) =>
    judgeModel(
      model,
      report.rows.filter((row) => row.model === model.name),
    ),
  );
  return hasGpu ? lines : [explainNoGpu(report), ...lines];
}

/** Why no GPU computed anything: there is none, or none of the targets that want one could run. */
function explainNoGpu({ environment: { gpu }, targets, models }: Findings): string {
  const software = models.flatMap(({ devices }) => Object.values(devices)).find(({ isSoftware }) => isSoftware);
  const note = software === undefined ? '' : ` ${software.device} is a software adapter and no GPU.`;
  if (gpu.gpus.length === 0) return `${describeGpus(gpu)}${note}`;
  const reasons = targets.flatMap((target) => (target.state === 'skipped' ? [`${target.name}: ${target.reason}`] : []));
  const why = reasons.length > 0 ? reasons.join('; ') : 'no target asked for it';
  return `There is a GPU (${gpu.gpus.map(({ name }) => name).join(', ')}), but it computed nothing: ${why}.${note}`;
}

function judgeModel(model: ModelReport, rows: readonly Row[]): string {
  const targetsOn = (isWanted: (proof: DeviceProof) => boolean): readonly Measured[] =>
    Object.entries(model.devices)
      .filter(([, proof]) => isWanted(proof))
      .map(([name]) => ({ name, rows: rows.filter(({ target, state }) => target === name && state !== 'failed') }))
      .sort((one, other) => bestRate(other) - bestRate(one));
  const random = model.weights === 'random' ? ' (random weights)' : '';
  const cpus = targetsOn(({ device }) => device === 'cpu');
  const gpus = targetsOn(({ isGpu }) => isGpu);
  const [cpu, gpu] = [cpus[0], gpus[0]];
  const found = cpu === undefined || gpu === undefined ? undefined : findBreakEven(cpu.rows, gpu.rows);
  if (gpu !== undefined && found !== undefined) return `${model.name}${random}: ${compare(found, gpu.name)}`;
  const [best, ...others] = gpus.length > 0 ? gpus : cpus.length > 0 ? cpus : targetsOn(() => true);
  const shares = others.map((other) => (best === undefined ? '' : describeShare(other, best)));
  return `${model.name}${random}: ${[best === undefined ? nothing : summarise(best), ...shares].join('')}`;
}

/** A target's rows without errors. */
interface Measured {
  readonly name: string;
  readonly rows: readonly Row[];
}

const nothing = 'nothing was measured without errors';

function bestRate({ rows }: Measured): number {
  return Math.max(0, ...rows.map(({ rate }) => rate));
}

/** The rate of one target over another's: geometric mean and range over the points where clients wait for their answer. */
function describeShare(one: Measured, other: Measured): string {
  const ratios = one.rows.flatMap((row) => {
    const twin = other.rows.find((candidate) => row.concurrency !== null && nameOf(candidate) === nameOf(row));
    return twin === undefined ? [] : [row.rate / twin.rate];
  });
  if (ratios.length === 0) return '';
  const { middle } = intervalOf(ratios);
  const range = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2)).join(' to ');
  return `; ${one.name} does ${middle.toFixed(2)}x of that over ${ratios.length} points (${range})`;
}

function compare({ best, batch, rate, ratios }: BreakEven, gpu: string): string {
  const { low, middle, high } = best.ratio;
  const range = Number.isFinite(high) ? ` (${low.toFixed(1)} to ${high.toFixed(1)})` : '';
  if (batch === undefined && middle <= 1) {
    return `stay on the CPU: ${gpu} reaches ${middle.toFixed(2)}x of it at best, at batch ${best.batch}${range}`;
  }
  const first = ratios[0]?.batch ?? 1;
  const byBatch =
    batch === undefined
      ? `the CPU is faster again at batch ${ratios.at(-1)?.batch ?? ''}`
      : batch === first
        ? `faster at every batch from ${first} on`
        : `the CPU is faster below batch ${batch}`;
  return `GPU ${middle.toFixed(1)}x faster at batch ${best.batch}${range} on ${gpu}; ${byBatch}${byRate(rate)}`;
}

function byRate(rate: number): string {
  if (rate === 0) return '';
  return Number.isFinite(rate)
    ? ` and answers single requests sooner up to ${round(rate)} requests/s`
    : ' and answers single requests sooner at any rate';
}

/** What one server does, where there is nothing to compare it with. */
function summarise({ name, rows }: Measured): string {
  const [first] = rows;
  if (first === undefined) return nothing;
  const best = rows.reduce((most, row) => (row.rate > most.rate ? row : most), first);
  const single = rows.find(({ scenario }) => scenario === 'latency');
  const latency =
    single === undefined
      ? ''
      : `, one client waits ${single.p50Ms.toPrecision(2)} ms (p99 ${single.p99Ms.toPrecision(2)})`;
  const at = best.batch > 1 ? `batch ${best.batch}` : `${best.concurrency ?? 1} clients`;
  return `${name} does ${round(best.rate)} inferences/s at ${at}${latency}${best.state === 'unstable' ? ' (unstable)' : ''}`;
}

/** Two significant digits below 100, whole numbers above. */
function round(value: number): string {
  return value < 100 ? String(Number(value.toPrecision(2))) : Math.round(value).toString();
}
