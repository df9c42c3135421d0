import { median } from '../../stats/spread.js';
import { describeServer } from './page.js';
import { tableOf, verdictCells } from './table.js';
import type { PeersReport, ReportedWork, Verdict } from '../types.js';

const begin = '<!-- measured: written by tools/performance.js -->';
const end = '<!-- end of measured -->';

/** A page with the part between its marks replaced by what reports say. Throws where the marks are missing. */
export function fillPage(page: string, reports: readonly PeersReport[]): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page needs the lines ${begin} and ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${formatMeasured(reports)}\n\n${page.slice(to)}`;
}

/** The runs, what they reached of each target, then the tables of the last run that has each work, as Markdown. */
export function formatMeasured(reports: readonly PeersReport[]): string {
  const last = reports.at(-1);
  if (last === undefined) throw new Error('No report was given');
  const works = new Map(
    reports.flatMap((report, index) =>
      report.works.map((work) => [work.name, { report, run: index + 1, work }] as const),
    ),
  );
  return [
    ...formatRuns(reports),
    ...(reports.some(({ verdicts }) => verdicts.length > 0) ? ['### Targets', formatTargets(reports)] : []),
    ...[...works.values()].map(formatWork),
    ...last.left.map((line) => `Left out: ${line}`),
  ].join('\n\n');
}

/** What all runs have in common is told once, before their table. */
function formatRuns(reports: readonly PeersReport[]): readonly string[] {
  const setUps = reports.map(describeSetUp);
  const [common = ''] = setUps;
  const isCommon = setUps.every((setUp) => setUp === common);
  const heads = ['run', 'started, UTC', 'commit', 'load average before, after', ...(isCommon ? [] : ['set-up'])];
  const rows = reports.map((report, index) => [
    String(index + 1),
    report.startedAt.slice(0, 16).replace('T', ' '),
    report.environment.commit ?? 'unknown',
    describeLoad(report),
    ...setUps.slice(index, isCommon ? 0 : index + 1),
  ]);
  return [...(isCommon ? [`All runs: ${common}.`] : []), toMarkdown([heads, ...rows])];
}

function describeSetUp({ environment: { cpu, node, onnxRuntime }, threads, method }: PeersReport): string {
  const rounds = `${method.minRounds} to ${method.maxRounds} rounds of ${method.windowMs} ms`;
  return `${cpu}, ${threads} threads per server, Node.js ${node}, ONNX Runtime ${onnxRuntime ?? 'unknown'}, ${rounds}`;
}

function describeLoad({ environment, threads }: PeersReport): string {
  const [before = 0, after = 0] = [environment.loadAverageBefore[0], environment.loadAverageAfter[0]];
  return `${before}, ${after}${before > threads / 2 ? ' (busy)' : ''}`;
}

const targetHeads = ['load', 'figure', 'target', 'last measured (95 %)', 'run', '', 'least, median, most', 'met in'];

/** One line a target: what its last run reached, and how all of them are spread. */
function formatTargets(reports: readonly PeersReport[]): string {
  const lines = new Map<string, readonly (readonly [run: number, verdict: Verdict])[]>();
  for (const [index, { verdicts }] of reports.entries()) {
    for (const verdict of verdicts) {
      const key = verdictCells(verdict).slice(0, 3).join('\n');
      lines.set(key, [...(lines.get(key) ?? []), [index + 1, verdict]]);
    }
  }
  return toMarkdown([targetHeads, ...[...lines.values()].map(targetCells)]);
}

function targetCells(runs: readonly (readonly [run: number, verdict: Verdict])[]): readonly string[] {
  const measured = runs.filter(([, { isMet }]) => isMet !== null);
  const [run, verdict] = measured.at(-1) ?? runs.at(-1) ?? [];
  if (run === undefined || verdict === undefined) throw new Error('A target has no run');
  const [load = '', figure = '', target = '', reached = '', state = ''] = verdictCells(verdict);
  const middles = measured.map(([, { reached: interval }]) => interval?.middle ?? 0);
  const spread = [Math.min(...middles), median(middles), Math.max(...middles)].map((value) => value.toFixed(2));
  const metIn = measured.filter(([, { isMet }]) => isMet === true).length;
  return [
    ...[load, figure, target, reached, String(run), state],
    measured.length === 0 ? '–' : spread.join(', '),
    `${metIn} of ${measured.length}`,
  ];
}

interface MeasuredWork {
  readonly report: PeersReport;
  readonly run: number;
  readonly work: ReportedWork;
}

function formatWork({ report, run, work }: MeasuredWork): string {
  const servers = report.servers
    .filter((server) => server.work === work.name)
    .map((server) => `- ${describeServer(server)}`);
  const table = toMarkdown(tableOf(report, work));
  return [`### ${work.title} (run ${run})`, table, ...(servers.length === 0 ? [] : [servers.join('\n')])].join('\n\n');
}

/** A table of Markdown; bars in cells do not end them. */
export function toMarkdown([heads = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}
