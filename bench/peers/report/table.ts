import { alignColumns, figure } from '../../report/table.js';
import type { PeerRow, PeersReport, ReportedWork, Verdict } from '../types.js';
import { compareRounds, ours } from './verdict.js';

const figureNames = {
  rate: 'answers/s',
  p50Ms: 'p50',
  cpuMs: 'CPU time per request',
  cpuBeyondUs: 'CPU us per request above',
} as const;

/** The report as text for a terminal. */
export function formatPeers(report: PeersReport): string {
  const sections = report.works
    .filter(({ name }) => report.rows.some(({ work }) => work === name))
    .map((workload) => [workload.title, alignColumns(tableOf(report, workload))].join('\n'));
  const skipped = report.servers.flatMap((server) =>
    server.state === 'skipped' ? [`${server.work}: ${server.name} is skipped: ${server.reason}`] : [],
  );
  const verdict = alignColumns([['load', 'figure', 'target', 'reached', ''], ...report.verdicts.map(verdictCells)]);
  const last = report.verdicts.length === 0 ? [] : [`Targets\n${verdict}`];
  return `${[...sections, ...[[...skipped, ...report.left].join('\n')].filter((text) => text !== ''), ...last].join('\n\n')}\n`;
}

const heads = ['clients', 'server', 'answers/s', 'p50 ms', 'p99 ms', 'CPU ms', 'wrk/s', 'slipway / this server', ''];

/** Heading and rows of one workload. */
export function tableOf(
  { rows }: Pick<PeersReport, 'rows'>,
  { name, clients }: ReportedWork,
): readonly (readonly string[])[] {
  const inWork = rows.filter(({ work }) => work === name);
  const lines = clients.flatMap((count) => {
    const same = inWork.filter((row) => row.clients === count);
    const mine = same.find(({ server }) => server === ours);
    return same.map((row) => rowCells(row, mine));
  });
  return [heads, ...lines];
}

function rowCells(row: PeerRow, mine: PeerRow | undefined): readonly string[] {
  const ratio = row.server === ours ? null : compareRounds(mine, row, 'rate');
  return [
    String(row.clients),
    row.server,
    figure(row.rate),
    figure(row.p50Ms),
    figure(row.p99Ms),
    row.cpuMs === null ? '–' : figure(row.cpuMs),
    row.wrk === null ? '–' : figure(row.wrk.rate),
    ratio === null ? '' : ratio.middle.toFixed(2),
    row.state === 'steady' ? '' : `${row.state}: ${row.remarks.join(', ')}`,
  ];
}

/** `tensor, 8 clients`, `answers/s relative to fastapi`, `>= 1`, `0.93 (0.90 to 0.96)`, `missed`. */
export function verdictCells(verdict: Verdict): readonly string[] {
  const { work, clients, over, target, isAtLeast, reached, isMet } = verdict;
  return [
    `${work}, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
    `${figureNames[verdict.figure]}${verdict.figure === 'cpuBeyondUs' ? '' : ' relative to'} ${over}`,
    `${isAtLeast ? '>=' : '<='} ${target}`,
    reached === null ? '–' : `${reached.middle.toFixed(2)} (${boundOf(reached.low)} to ${boundOf(reached.high)})`,
    isMet === null ? 'not measured' : isMet ? 'met' : 'missed',
  ];
}

/** One round has no bounds. */
function boundOf(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '?';
}
