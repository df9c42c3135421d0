import { describeGpus } from '../environment/gpus.js';
import { pageStyle } from './page-style.js';
import { drawPlot, escapeText } from './plot.js';
import { plotModel } from './plots.js';
import { drawShares } from './shares.js';
import { describeTarget, figure, nameOf } from './table.js';
import type { ModelReport, Report, Row } from '../types.js';

/** The report as one page without scripts that needs nothing from elsewhere. */
export function formatHtml(report: Report): string {
  const models = report.models.map((model) =>
    drawModel(
      model,
      report.rows.filter((row) => row.model === model.name),
    ),
  );
  const verdict = report.verdict.map((line) => `<p>${escapeText(line)}</p>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>CPU or GPU? ${escapeText(report.models.map(({ name }) => name).join(', '))}</title><style>${pageStyle}</style></head>
<body><h1>CPU or GPU?</h1><p class="soft">${escapeText(report.startedAt.replace('T', ' ').slice(0, 16))} UTC on ${escapeText(report.environment.cpu)}</p>
<div class="verdict">${verdict}</div>${models.join('')}${drawTargets(report)}${drawEnvironment(report)}</body></html>
`;
}

function drawModel(model: ModelReport, rows: readonly Row[]): string {
  const random = model.weights === 'random' ? ', <strong>random weights</strong>' : '';
  const devices = Object.entries(model.devices).map(
    ([target, { device, evidence }]) => `${target} on ${device} (${evidence})`,
  );
  const plots = plotModel(model, rows).map((plot) => drawPlot(plot) ?? '');
  const left = model.left.map((line) => `<p class="soft">Left out: ${escapeText(line)}</p>`).join('');
  return `<section><h2>${escapeText(model.name)}</h2>
<p class="soft">${(model.bytes / 2 ** 20).toFixed(1)} MB${random}; ${escapeText(model.inputs)} &rarr; ${escapeText(model.outputs)}; ${escapeText(devices.join(', '))}</p>
<div class="plots">${plots.join('')}${drawShares(rows)}</div>${drawTable(rows)}${left}</section>`;
}

const columns: readonly (readonly [heading: string, value: (row: Row) => string])[] = [
  ['load', nameOf],
  ['measured', ({ target }) => target],
  ['inferences/s', ({ rate }) => figure(rate)],
  ['95 %', ({ rateInterval }) => `${figure(rateInterval.low)}–${figure(rateInterval.high)}`],
  ['p50 ms', ({ p50Ms }) => figure(p50Ms)],
  ['p90 ms', ({ p90Ms }) => figure(p90Ms)],
  ['p99 ms', ({ p99Ms }) => figure(p99Ms)],
  ['CPU ms', ({ serverCpuMs }) => (serverCpuMs === null ? '' : figure(serverCpuMs))],
  ['of raw', ({ ratios }) => ratios.toRaw?.middle.toFixed(2) ?? ''],
  ['of bare', ({ ratios }) => ratios.toBare?.middle.toFixed(2) ?? ''],
  ['of both', ({ ratios }) => ratios.toYardstick?.middle.toFixed(2) ?? ''],
  ['', ({ state, remarks }) => (state === 'steady' ? '' : `${state}: `) + remarks.join(', ')],
];

function drawTable(rows: readonly Row[]): string {
  const heads = columns.map(([heading]) => `<th>${escapeText(heading)}</th>`).join('');
  const body = rows.map((row) => {
    const cells = columns.map(([, value]) => `<td>${escapeText(value(row))}</td>`).join('');
    return `<tr class="${row.state === 'failed' ? 'failed' : row.role === 'target' ? '' : 'base'}">${cells}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${heads}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

function drawTargets({ targets }: Report): string {
  return `<h2>Start and memory</h2>${targets.map((target) => `<p>${escapeText(describeTarget(target))}</p>`).join('')}`;
}

function drawEnvironment({ environment, method, durationS }: Report): string {
  const { cpuBudget, loadAverageBefore, loadAverageAfter, memoryBytes } = environment;
  const facts: readonly (readonly [string, string])[] = [
    [
      'CPU',
      `${environment.cpu}; ${cpuBudget.cpus} usable (${cpuBudget.source}); governor ${environment.governor ?? 'not readable'}`,
    ],
    ['GPU', describeGpus(environment.gpu)],
    ['Memory', `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ['System', `${environment.os}, Node ${environment.node}, ONNX Runtime ${environment.onnxRuntime ?? 'unknown'}`],
    ['Commit', environment.commit ?? 'unknown'],
    ['Load average', `${loadAverageBefore.join(' ')} before, ${loadAverageAfter.join(' ')} after`],
    [
      'Method',
      `${method.mode} run, ${durationS.toFixed(0)} s. Load from a process of its own on the same machine. Windows of ${method.windowMs} ms or longer, each after ${method.warmupMs} ms or more of warm-up that does not count; server, bare HTTP server and raw loop in turn; ${method.minRounds} to ${method.maxRounds} rounds until throughput, p50 and p90 of the last three windows or more lie within ${method.tolerance * 100} % of their mean, else the row says unstable. Percentiles come from merged histograms. Rows with errors are not compared.`,
    ],
    [
      'of raw, of bare',
      'The rate over that of the model in a loop without a server, and over that of an HTTP server that infers nothing, in the same rounds. Of both: over 1 / (1/raw + 1/bare).',
    ],
  ];
  const items = facts.map(([name, value]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd>`);
  return `<h2>How and where this was measured</h2><dl>${items.join('')}</dl>`;
}
