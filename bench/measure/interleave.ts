import { messageOf } from '../../src/errors.js';
import type { Method } from '../types.js';
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

/** A sample, and the round that it was taken in. */
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
    if (enough && tracks.every(({ samples }) => countAgreeing(summariseAll(samples), rules.tolerance) > 0)) break;
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
  const windows = summariseAll(samples);
  const count = countAgreeing(windows, tolerance);
  if (count === 0) {
    return { state: 'unstable', counted: samples, remarks: findUnsteady(windows.slice(-fewestSteady), tolerance) };
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

/** The figures by which windows are judged. */
const judged = ['throughput', 'p50', 'p90'] as const;

/** The fewest windows that can agree. */
export const fewestSteady = 3;

/** How many of the last windows agree in every judged figure, the most there are; 0 where fewer than three do. */
function countAgreeing(windows: readonly Summary[], tolerance: number): number {
  for (let count = windows.length; count >= fewestSteady; count--) {
    if (findUnsteady(windows.slice(-count), tolerance).length === 0) return count;
  }
  return 0;
}

function findUnsteady(windows: readonly Summary[], tolerance: number): readonly string[] {
  return judged.filter((name) => {
    const values = windows.map((window) => window[name]);
    return !isSteady(values, tolerance);
  });
}

const summariseAll = (samples: readonly RoundSample[]) => samples.map(({ sample }) => summarise(sample));

/** Throughput in inferences a second, and percentiles in milliseconds, of one window. */
export type Summary = Readonly<Record<'throughput' | 'p50' | 'p90' | 'p99', number>>;

/** The figures of one window. */
export function summarise({ inferences, elapsedMs, latencies }: Sample): Summary {
  const histogram = new Histogram();
  histogram.merge(latencies);
  return {
    throughput: (inferences * 1000) / elapsedMs,
    p50: histogram.percentileMs(50),
    p90: histogram.percentileMs(90),
    p99: histogram.percentileMs(99),
  };
}
