import { describeGpus } from '../environment/gpus.js';
import type { Interval } from '../stats/spread.js';
import type { ModelReport, Report, Row, TargetImage, TargetReport } from '../types.js';

/** The report as text for a terminal, 110 columns wide at most. */
export function formatReport(report: Report): string {
  const sections = [
    formatEnvironment(report),
    ...report.models.map((model) =>
      formatModel(
        model,
        report.rows.filter((row) => row.model === model.name),
      ),
    ),
    formatTargets(report.targets),
    ...(report.verdict.length > 0 ? [report.verdict.join('\n')] : []),
  ];
  return `${sections.join('\n\n')}\n`;
}

function formatEnvironment({ environment, method, durationS }: Report): string {
  const { cpu, governor, cpuBudget, loadAverageBefore, node, onnxRuntime, commit, gpu } = environment;
  return [
    `${cpu}, ${cpuBudget.cpus} usable (${cpuBudget.source}), governor ${governor ?? 'not readable'}, load ${loadAverageBefore.join(' ')} before`,
    `Node ${node}, ONNX Runtime ${onnxRuntime ?? 'unknown'}, commit ${commit ?? 'unknown'}`,
    describeGpus(gpu),
    `${method.mode} run of ${durationS.toFixed(0)} s: windows of ${method.windowMs} ms and more after ${method.warmupMs} ms of warm-up, in turn with the baselines, ${method.minRounds} to ${method.maxRounds} rounds until three agree within ${method.tolerance * 100} %`,
  ].join('\n');
}

function formatModel(model: ModelReport, rows: readonly Row[]): string {
  const random = model.weights === 'random' ? ', random weights' : '';
  const devices = Object.entries(model.devices).map(
    ([target, proof]) => `${target} on ${proof.device} (${proof.evidence})`,
  );
  return [
    `${model.name} (${(model.bytes / 2 ** 20).toFixed(1)} MB${random}): ${model.inputs} -> ${model.outputs}`,
    ...devices.map((line) => `  ${line}`),
    alignColumns([heading, ...rows.filter(({ role }) => role === 'target').map(toCells)]),
    ...model.left.map((line) => `  left out: ${line}`),
  ].join('\n');
}

const heading = [
  'scenario',
  'target',
  'inf/s',
  '±',
  'p50 ms',
  'p99 ms',
  'queue/decode/compute/encode',
  'cpu ms',
  'of raw',
  'of bare',
  '',
];

function toCells(row: Row): readonly string[] {
  const { serverMs, ratios, rateInterval } = row;
  const spread = (rateInterval.high / rateInterval.low - 1) / 2;
  return [
    nameOf(row),
    row.target,
    figure(row.rate),
    Number.isFinite(spread) && spread < 1 ? `${(spread * 100).toFixed(0)}%` : '>99%',
    figure(row.p50Ms),
    figure(row.p99Ms),
    ['queue', 'decode', 'compute', 'encode'].map((part) => (serverMs[part] ?? 0).toFixed(2)).join('/'),
    row.serverCpuMs === null ? '-' : figure(row.serverCpuMs),
    ratioText(ratios.toRaw),
    ratioText(ratios.toBare),
    row.state === 'steady' ? row.remarks.join('; ') : `${row.state}: ${row.remarks.join(', ')}`,
  ];
}

/** `concurrency 8`, `batch 32`, `arrivals 200/s`, `path json`. */
export function nameOf({ scenario, concurrency, batch, requestsPerSecond, form }: Row): string {
  if (scenario === 'concurrency') return `concurrency ${concurrency ?? ''}`;
  if (scenario === 'batch') return `batch ${batch}`;
  if (scenario === 'arrivals') return `arrivals ${requestsPerSecond ?? ''}/s`;
  return scenario === 'path' ? `path ${form}` : 'latency';
}

function ratioText(ratio: Interval | null): string {
  return ratio === null ? '-' : ratio.middle.toFixed(2);
}

/** Three significant digits, without an exponent. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return value >= 1000 ? String(Math.round(value)) : value.toPrecision(3);
}

function formatTargets(targets: readonly TargetReport[]): string {
  return targets.map(describeTarget).join('\n');
}

/** `container-cpu: image slipway:cpu (4f5601cc439b); Node v22.1.0; start to first answer 0.91 s; memory 118 MB (PSS unknown) after start`. */
export function describeTarget(target: TargetReport): string {
  if (target.state === 'skipped') return `${target.name} could not run: ${target.reason}`;
  const starts = target.coldStartsMs.map((ms) => (ms / 1000).toFixed(2)).join(', ');
  const memory = target.memory.map(
    ({ moment, rssBytes, pssBytes }) => `${megabytes(rssBytes)} (PSS ${megabytes(pssBytes)}) ${moment}`,
  );
  const start = starts === '' ? 'it ran already' : `start to first answer ${starts} s`;
  const image = target.image === null ? [] : [`image ${nameImage(target.image)}`];
  const node = typeof target.node === 'string' ? [`Node ${target.node}`] : [];
  return `${target.name}: ${[...image, ...node, start, `memory ${memory.join(', ')}`].join('; ')}`;
}

/** `slipway:cpu (4f5601cc439b)`, with the registry's digest in whole where there is one. */
function nameImage({ ref, id, digest }: TargetImage): string {
  return `${ref} (${digest ?? id.replace(/^sha256:/, '').slice(0, 12)})`;
}

function megabytes(bytes: number | null): string {
  return bytes === null ? 'unknown' : `${(bytes / 2 ** 20).toFixed(0)} MB`;
}

/** Columns as wide as their widest cell: the first two left-aligned, and the last one; numbers right-aligned. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const count = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const isLeft = (i: number) => i < 2 || i === count - 1;
  return rows
    .map((row) =>
      row.map((cell, i) => (isLeft(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
}
