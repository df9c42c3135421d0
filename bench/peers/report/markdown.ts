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

/** Targets with what each run reached, then the tables of the last run that has them, as Markdown. */
export function formatMeasured(reports: readonly PeersReport[]): string {
  const last = reports.at(-1);
  if (last === undefined) throw new Error('No report was given');
  const works = new Map(
    reports.flatMap((report) => report.works.map((work) => [work.name, { report, work }] as const)),
  );
  const withTargets = reports.filter(({ verdicts }) => verdicts.length > 0);
  return [
    ...reports.map((report, index) => `Run ${index + 1}: ${describeRun(report)}`),
    ...(withTargets.length === 0 ? [] : ['### Targets', formatTargets(withTargets.map(({ verdicts }) => verdicts))]),
    ...[...works.values()].map(({ report, work }) => formatWork(report, work)),
    ...last.left.map((line) => `Left out: ${line}`),
  ].join('\n\n');
}

function describeRun({ startedAt, environment, threads, method }: PeersReport): string {
  const { cpu, node, onnxRuntime, commit, loadAverageBefore, loadAverageAfter } = environment;
  const load = `load average ${loadAverageBefore[0] ?? '?'} before and ${loadAverageAfter[0] ?? '?'} after`;
  const rounds = `${method.minRounds} to ${method.maxRounds} rounds of ${method.windowMs} ms`;
  const isBusy = (loadAverageBefore[0] ?? 0) > threads / 2;
  const caution = isBusy ? ' The machine was busy: the figures show that everything runs, not how fast.' : '';
  return `${startedAt.slice(0, 16).replace('T', ' ')} UTC, ${cpu}, ${threads} threads per server, Node.js ${node}, ONNX Runtime ${onnxRuntime ?? 'unknown'}, commit ${commit ?? 'unknown'}, ${load}, ${rounds}.${caution}`;
}

/** One line a target, one column a run; targets that a run has not are `–` there. */
function formatTargets(runs: readonly (readonly Verdict[])[]): string {
  const lines = new Map<string, string[]>();
  for (const [index, verdicts] of runs.entries()) {
    for (const verdict of verdicts) {
      const [load = '', figure = '', target = '', reached = '', state = ''] = verdictCells(verdict);
      const key = [load, figure, target].join('\n');
      const cells = lines.get(key) ?? runs.map(() => '–');
      cells[index] = verdict.isMet === null ? state : `${reached} ${state}`;
      lines.set(key, cells);
    }
  }
  const heads = runs.map((_, index) => (runs.length === 1 ? 'reached (95 %)' : `run ${index + 1} (95 %)`));
  return toMarkdown([
    ['load', 'figure', 'target', ...heads],
    ...[...lines].map(([key, cells]) => [...key.split('\n'), ...cells]),
  ]);
}

function formatWork(report: PeersReport, work: ReportedWork): string {
  const servers = report.servers
    .filter((server) => server.work === work.name)
    .map((server) => `- ${describeServer(server)}`);
  const table = toMarkdown(tableOf(report, work));
  return [`### ${work.title}`, table, ...(servers.length === 0 ? [] : [servers.join('\n')])].join('\n\n');
}

/** A table of Markdown; bars in cells do not end them. */
export function toMarkdown([heads = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}
