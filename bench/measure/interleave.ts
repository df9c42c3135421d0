import { messageOf } from '../../src/errors.js';
import type { Method } from '../report/types.js';
import { Histogram } from '../stats/histogram.js';
import { isSteady } from '../stats/spread.js';
import { isClean, type Participant, type Sample } from './sample.js';

/** What came of one participant: its sample of each round that it took part in, and whether the last of them agree. */
export interface Series {
  readonly name: string;
  readonly role: Participant['role'];
  readonly samples: readonly RoundSample[];
  readonly state: 'steady' | 'unstable' | 'failed';
  /** The samples that count: the longest end of the series that agrees, three or more; all where it never did. */
  readonly counted: readonly RoundSample[];
  /** Names of the figures that did not agree, or what failed. */
  readonly remarks: readonly string[];
}

export interface RoundSample {
  readonly round: number;
  readonly sample: Sample;
}

type Rules = Pick<Method, 'minRounds' | 'maxRounds' | 'tolerance'>;

/**
 * Measures participants in turn, A B A B, so that drift of the machine meets all of them; goes on until three windows of each agree
 * in throughput, p50 and p90, or the rounds are used up. One whose answers are errors twice in a row drops out. (A p99 rests on too few
 * answers of a short window to judge it by.)
 */
export async function measureInTurn(
  participants: readonly Participant[],
  rules: Rules,
  signal: AbortSignal,
): Promise<readonly Series[]> {
  const tracks = participants.map((participant) => ({ participant, samples: [] as RoundSample[], fault: '' }));
  for (let round = 0; round < rules.maxRounds; round++) {
    for (const track of tracks) {
      signal.throwIfAborted();
      if (track.fault !== '' || hasFailedTwice(track.samples)) continue;
      try {
        track.samples.push({ round, sample: await track.participant.measure() });
      } catch (error) {
        signal.throwIfAborted();
        track.fault = messageOf(error);
      }
    }
    const enough = round + 1 >= rules.minRounds;
    if (enough && tracks.every(({ samples }) => countAgreeing(samples, rules.tolerance) > 0)) break;
  }
  return tracks.map(({ participant: { name, role }, samples, fault }) => ({
    name,
    role,
    samples,
    ...judge(samples, fault, rules.tolerance),
  }));
}

function hasFailedTwice(samples: readonly RoundSample[]): boolean {
  const last = samples.slice(-2);
  return last.length === 2 && last.every(({ sample }) => !isClean(sample));
}

function judge(
  samples: readonly RoundSample[],
  fault: string,
  tolerance: number,
): Pick<Series, 'state' | 'counted' | 'remarks'> {
  if (fault !== '') return { state: 'failed', counted: samples, remarks: [fault] };
  if (samples.some(({ sample }) => !isClean(sample))) {
    return { state: 'failed', counted: samples, remarks: [`answers by status: ${describeStatuses(samples)}`] };
  }
  const count = countAgreeing(samples, tolerance);
  if (count === 0) {
    return { state: 'unstable', counted: samples, remarks: findUnsteady(samples.slice(-fewest), tolerance) };
  }
  return { state: 'steady', counted: samples.slice(-count), remarks: [] };
}

function describeStatuses(samples: readonly RoundSample[]): string {
  const counts = addCounts(samples.map(({ sample }) => sample.statuses));
  if (samples.some(({ sample }) => sample.inferences === 0 && Object.keys(sample.statuses).length === 0)) {
    return 'a window passed without one';
  }
  const list = Object.entries(counts).map(([status, count]) => `${status === '0' ? 'no answer' : status} x ${count}`);
  return list.join(', ');
}

/** The sum of counts by name. */
export function addCounts(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const [name, count] of all.flatMap((counts) => Object.entries(counts))) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

/** The figures by which windows are judged, and the fewest windows that can agree. */
const judged = ['throughput', 'p50', 'p90'] as const;
const fewest = 3;

/** How many of the last windows agree in every judged figure, the most there are; 0 where fewer than three do. */
function countAgreeing(samples: readonly RoundSample[], tolerance: number): number {
  for (let count = samples.length; count >= fewest; count--) {
    if (findUnsteady(samples.slice(-count), tolerance).length === 0) return count;
  }
  return 0;
}

function findUnsteady(samples: readonly RoundSample[], tolerance: number): readonly string[] {
  const figures = samples.map(({ sample }) => summarise(sample));
  return judged.filter(
    (name) =>
      !isSteady(
        figures.map((figure) => figure[name]),
        tolerance,
      ),
  );
}

/** Throughput in inferences a second, and percentiles in milliseconds, of one window. */
export function summarise({
  inferences,
  elapsedMs,
  latencies,
}: Sample): Record<'throughput' | 'p50' | 'p90' | 'p99', number> {
  const histogram = new Histogram();
  histogram.merge(latencies);
  return {
    throughput: (inferences * 1000) / elapsedMs,
    p50: histogram.percentileMs(50),
    p90: histogram.percentileMs(90),
    p99: histogram.percentileMs(99),
  };
}
