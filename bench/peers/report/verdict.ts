import { median, ratioOfPairs, type Interval } from '../../stats/spread.js';
import type { FigureName, PeerRow, RoundFigures, Verdict } from '../types.js';

/** The name of this project's own server, and of the loop without one, in every table. */
export const ours = 'slipway';
/** The name of the raw loop among the contestants. */
export const rawLoop = 'raw loop';

/** One figure of ours over that of another server, at each number of clients. */
export interface TargetLine {
  readonly work: string;
  readonly figure: FigureName;
  readonly over: string;
  /** Rates are to be at least this much of theirs; times at most. */
  readonly at: readonly (readonly [clients: number, target: number])[];
}

/** What is to be reached. */
export const targetLines: readonly TargetLine[] = [
  {
    work: 'tensor',
    figure: 'rate',
    over: 'fastapi',
    at: [
      [1, 1],
      [2, 1],
      [8, 1],
    ],
  },
  {
    work: 'tensor',
    figure: 'cpuMs',
    over: 'fastapi',
    at: [
      [1, 1],
      [2, 1],
      [8, 1],
    ],
  },
  {
    work: 'image',
    figure: 'rate',
    over: 'fastapi',
    at: [
      [1, 0.8],
      [4, 0.8],
      [8, 0.8],
    ],
  },
  { work: 'json', figure: 'p50Ms', over: 'fastify', at: [[1, 1.3]] },
  {
    work: 'json',
    figure: 'rate',
    over: 'fastify',
    at: [
      [4, 0.9],
      [16, 1],
      [64, 1.2],
    ],
  },
  {
    work: 'json',
    figure: 'rate',
    over: 'fastapi',
    at: [
      [1, 1.5],
      [4, 2],
      [16, 2.5],
      [64, 2.5],
    ],
  },
  { work: 'json', figure: 'cpuBeyondUs', over: rawLoop, at: [[16, 55]] },
];

/** Models of 10 ms and small requests lose next to nothing by being served. */
const nearRaw = ['real magika', 'real ocr-recognition'].map((work): TargetLine => ({
  work,
  figure: 'rate',
  over: rawLoop,
  at: [[4, 0.97]],
}));

/** Every target of the workloads that were run, with what was reached. */
export function judgeTargets(rows: readonly PeerRow[]): readonly Verdict[] {
  const works = new Set(rows.map(({ work }) => work));
  return [...targetLines, ...nearRaw]
    .filter(({ work }) => works.has(work))
    .flatMap((line) => line.at.map(([clients, target]) => judge(rows, line, { clients, target })));
}

function judge(
  rows: readonly PeerRow[],
  { work, figure, over }: TargetLine,
  { clients, target }: { readonly clients: number; readonly target: number },
): Verdict {
  const find = (server: string) =>
    rows.find((row) => row.work === work && row.clients === clients && row.server === server);
  const reached =
    figure === 'cpuBeyondUs' ? subtractCpu(find(ours), find(over)) : compareRounds(find(ours), find(over), figure);
  const isAtLeast = figure === 'rate';
  const isMet = reached === null ? null : isAtLeast ? reached.middle >= target : reached.middle <= target;
  return { work, clients, figure, over, target, isAtLeast, reached, isMet };
}

/** One row's figure over another's, round by round; null where either failed or they share no round. */
export function compareRounds(
  a: PeerRow | undefined,
  b: PeerRow | undefined,
  figure: Exclude<FigureName, 'cpuBeyondUs'>,
): Interval | null {
  if (a === undefined || b === undefined || a.state === 'failed' || b.state === 'failed') return null;
  const valueOf = (round: RoundFigures | undefined): number => round?.[figure] ?? Number.NaN;
  const pairs = a.rounds
    .map((round) => [valueOf(round), valueOf(b.rounds.find((other) => other.round === round.round))] as const)
    .filter(([x, y]) => x > 0 && y > 0);
  return pairs.length === 0 ? null : ratioOfPairs(pairs);
}

/** Microseconds of CPU a request that one takes more than another: the median of the rounds, the least and the most. */
export function subtractCpu(a: PeerRow | undefined, b: PeerRow | undefined): Interval | null {
  if (a === undefined || b === undefined || b.cpuMs === null) return null;
  if (a.state === 'failed' || b.state === 'failed') return null;
  const base = b.cpuMs;
  const beyond = a.rounds.flatMap(({ cpuMs }) => (cpuMs === null ? [] : [(cpuMs - base) * 1000]));
  if (beyond.length === 0) return null;
  return { low: Math.min(...beyond), middle: median(beyond), high: Math.max(...beyond) };
}
