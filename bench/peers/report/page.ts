import { pageStyle } from '../../report/page-style.js';
import { drawPlot, escapeText, type Line, type Plot } from '../../report/plot.js';
import { tableOf, verdictCells } from './table.js';
import type { PeerRow, PeersReport, ReportedWork, ServerReport } from '../types.js';

/** The report as one page without scripts that needs nothing from elsewhere. */
export function formatPeersPage(report: PeersReport): string {
  const { environment, startedAt, threads } = report;
  const sections = report.works
    .filter(({ name }) => report.rows.some(({ work }) => work === name))
    .map((workload) => drawWorkload(report, workload));
  const verdicts = drawTable([['load', 'figure', 'target', 'reached', ''], ...report.verdicts.map(verdictCells)]);
  const load = `${environment.loadAverageBefore.join(' ')} before, ${environment.loadAverageAfter.join(' ')} after`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slipway compared with other servers</title><style>${pageStyle}</style></head>
<body><h1>Slipway compared with other servers</h1>
<p class="soft">${escapeText(startedAt.replace('T', ' ').slice(0, 16))} UTC on ${escapeText(environment.cpu)}; ${threads} threads per server; Node.js ${escapeText(environment.node)}; commit ${escapeText(environment.commit ?? 'unknown')}; load average ${load}</p>
${sections.join('')}<h2>Targets</h2>${verdicts}</body></html>
`;
}

function drawWorkload(report: PeersReport, workload: ReportedWork): string {
  const rows = report.rows.filter(({ work }) => work === workload.name);
  const plots = plotWorkload(rows).map((plot) => drawPlot(plot) ?? '');
  const servers = report.servers.filter(({ work }) => work === workload.name).map(describeServer);
  return `<section><h2>${escapeText(workload.title)}</h2><div class="plots">${plots.join('')}</div>${drawTable(tableOf(report, workload))}${servers.map((line) => `<p class="soft">${escapeText(line)}</p>`).join('')}</section>`;
}

/** `fastapi: both outputs as bare bytes (Python 3.11.7, fastapi 0.165.0)`, or why it is missing. */
export function describeServer(server: ServerReport): string {
  if (server.state === 'skipped') return `${server.name} was skipped: ${server.reason}`;
  return `${server.name} answers ${server.answers} (${server.versions.join(', ')})`;
}

/** Rate and CPU time by clients, a line for each server. */
function plotWorkload(rows: readonly PeerRow[]): readonly Plot[] {
  const usable = rows.filter(({ state }) => state !== 'failed');
  const names = [...new Set(usable.map(({ server }) => server))];
  const lines = (pick: (row: PeerRow) => number | null): readonly Line[] =>
    names.map((name, index) => ({
      name,
      points: usable
        .filter(({ server }) => server === name)
        .flatMap((row) => (pick(row) === null ? [] : [[row.clients, pick(row) ?? 0] as const])),
      color: index % 6,
      ...(index < 6 ? {} : { dash: 'dashed' as const }),
    }));
  return [
    {
      title: 'Answers per second by clients',
      xLabel: 'clients',
      yLabel: 'answers per second',
      lines: lines((row) => row.rate),
    },
    {
      title: 'CPU time of the server per request',
      xLabel: 'clients',
      yLabel: 'milliseconds',
      lines: lines((row) => row.cpuMs).filter(({ points }) => points.length > 0),
    },
  ];
}

function drawTable([heads = [], ...rows]: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: 'th' | 'td') =>
    row.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`);
  return `<div class="scroll"><table><thead><tr>${cells(heads, 'th')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}
