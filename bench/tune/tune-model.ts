import { AppError } from '../../src/errors.js';
import { buildPath } from '../../src/protocol/paths.js';
import type { LoadGenerator } from '../load/load.js';
import { measureInTurn, summarise } from '../measure/interleave.js';
import { askWarm } from '../targets/ask.js';
import { measureTarget } from '../measure/participants.js';
import type { Point } from '../load/points.js';
import { buildPayloads, type Payload } from '../targets/requests.js';
import { isClean, type Sample } from '../measure/sample.js';
import type { Method } from '../types.js';
import { ratioOfPairs, type Interval } from '../stats/spread.js';
import { readModel } from '../targets/server-facts.js';
import { urlOf, type Target } from '../targets/target.js';
import type { TunePace } from './pace.js';
import { describeCandidate, listCandidates, type Candidate } from './candidates.js';
import { findBest, searchByHalving, type Score, type Trial } from './halving.js';
import { mergeSettings, readModelJson, writeModelJson } from './model-file.js';

/** What the settings of one model are searched with. */
export interface TuneRun {
  readonly model: string;
  /** The model's folder in the repository that the target serves; its model.json is rewritten. */
  readonly folder: string;
  readonly target: Target;
  readonly load: LoadGenerator;
  readonly cpus: number;
  readonly variable: number;
  readonly latencyTargetMs: number;
  readonly pace: TunePace;
  readonly signal: AbortSignal;
  readonly narrate: (line: string) => void;
  /** Monotonic milliseconds, for the pace's limit. */
  readonly now: () => number;
}

/** What was found. */
export interface Tuned {
  readonly model: string;
  readonly trials: readonly Trial<Candidate>[];
  /** Undefined where nothing surely beats what model.json says now. */
  readonly chosen: Candidate | undefined;
  readonly best: Trial<Candidate>;
  /** Rate of the best candidate over that of the settings before, in turn, at the load where the best one is best. */
  readonly gain: Interval;
  readonly clients: number;
}

/** Searches the settings of one model, then compares the best with those it had. */
export async function tuneModel(run: TuneRun): Promise<Tuned> {
  const before = await readModelJson(run.folder);
  const served = await readModel(run.target, run.model);
  const hasRows = served.inputs.length > 0 && served.inputs.every(({ shape }) => shape[0] === -1);
  const request = {
    model: run.model,
    inputs: served.inputs,
    form: 'binary',
    rows: 1,
    variable: run.variable,
    images: [],
  } as const;
  const payloads = buildPayloads(request);
  const apply = (candidate: Candidate) => load(run, mergeSettings(before, candidate));
  const { settleMs, windowsMs, limitMs } = run.pace;
  const { ms: singleMs } = await askWarm(run.target.origin, payloads[0], run.signal);
  await participant(run, { payloads, clients: 8, timing: { windowMs: settleMs, warmupMs: 0 } }).measure();
  const endAt = run.now() + limitMs;
  const trials = await searchByHalving({
    candidates: listCandidates({ cpus: run.cpus, mostRows: hasRows ? 64 : 0 }),
    windowsMs,
    evaluate: async (candidate, windowMs) => {
      await apply(candidate);
      return score(await lookAtLoads(run, { payloads, singleMs }, windowMs), run.latencyTargetMs);
    },
    onTrial: ({ candidate, rung, score: { rate, p99Ms } }) => {
      run.narrate(
        `${run.model}: round ${rung + 1}: ${describeCandidate(candidate)}: ${rate.toFixed(0)}/s, p99 ${p99Ms.toFixed(1)} ms`,
      );
    },
    isOver: () => run.now() > endAt,
  });
  const best = findBest(trials);
  if (best === undefined) throw new AppError('REQUEST_FAILED', `${run.model}: no settings could be tried in time`);
  return compareWithBefore(run, { before, best, trials, requests: { payloads, singleMs }, apply });
}

/** What is sent, and how long one takes with the settings before. */
interface Requests {
  readonly payloads: readonly Payload[];
  readonly singleMs: number;
}

interface Looked {
  readonly clients: number;
  readonly sample: Sample;
}

/** One window with one client and one under each of the loads that follow; a load under which requests would take seconds is skipped. */
async function lookAtLoads(
  run: TuneRun,
  { payloads, singleMs: expectedSingleMs }: Requests,
  windowMs: number,
): Promise<readonly [Looked, ...Looked[]]> {
  const look = async (clients: number, expectedMs: number): Promise<Looked> => {
    run.signal.throwIfAborted();
    const timing = timingFor(windowMs, expectedMs);
    return { clients, sample: await participant(run, { payloads, clients, timing }).measure() };
  };
  const single = await look(1, expectedSingleMs);
  const singleMs = summarise(single.sample).p50;
  const looked: [Looked, ...Looked[]] = [single];
  for (const clients of loadsFor(singleMs, run.cpus)) {
    const expectedMs = (singleMs * clients) / run.cpus;
    if (expectedMs < longestMs) looked.push(await look(clients, expectedMs));
  }
  return looked;
}

/** Clients beside the single one; of a slow model few keep every worker busy, and many only wait. */
function loadsFor(singleMs: number, cpus: number): readonly number[] {
  return singleMs > slowMs ? [2 * cpus, 4 * cpus] : [8, 32];
}

const slowMs = 20;
const longestMs = 1500;

/** A few answers of each client at least. */
function timingFor(windowMs: number, expectedMs: number): Look['timing'] {
  return { windowMs: Math.max(windowMs, 4 * expectedMs), warmupMs: Math.max(windowMs / 2, expectedMs) };
}

interface Look {
  readonly payloads: readonly Payload[];
  readonly clients: number;
  readonly timing: Pick<Method, 'windowMs' | 'warmupMs'>;
}

function participant({ target, load, signal }: TuneRun, { payloads, clients, timing }: Look) {
  const point: Point = {
    scenario: 'concurrency',
    form: 'binary',
    batch: 1,
    arrivals: { kind: 'closed', concurrency: clients },
  };
  return measureTarget(target, { point, payloads, load, timing, signal });
}

/** The best rate within the target; without one, the smallest p99. */
function score(looked: readonly Looked[], targetMs: number): Score {
  const figures = looked.filter(({ sample }) => isClean(sample)).map(({ sample }) => summarise(sample));
  const within = figures.filter(({ p99 }) => p99 <= targetMs).sort((a, b) => b.throughput - a.throughput)[0];
  if (within !== undefined) return { rate: within.throughput, p99Ms: within.p99 };
  return { rate: 0, p99Ms: Math.min(Number.MAX_VALUE, ...figures.map(({ p99 }) => p99)) };
}

interface Finalists {
  readonly before: Readonly<Record<string, unknown>>;
  readonly best: Trial<Candidate>;
  readonly trials: readonly Trial<Candidate>[];
  readonly requests: Requests;
  readonly apply: (candidate: Candidate) => Promise<void>;
}

/** The settings before and the best ones in turn, five times; the file is left with the settings before. */
async function compareWithBefore(run: TuneRun, { before, best, trials, requests, apply }: Finalists): Promise<Tuned> {
  await apply(best.candidate);
  const looked = await lookAtLoads(run, requests, run.pace.finalMs / 2);
  const within = looked.filter(({ sample }) => summarise(sample).p99 <= run.latencyTargetMs);
  const [{ clients, sample } = looked[0]] = [...(within.length > 0 ? within : looked)].sort(
    (a, b) => summarise(b.sample).throughput - summarise(a.sample).throughput,
  );
  const timing = timingFor(run.pace.finalMs, summarise(sample).p50);
  const side = (name: string, prepare: () => Promise<void>) => ({
    name,
    role: 'target' as const,
    measure: async () => {
      await prepare();
      return participant(run, { payloads: requests.payloads, clients, timing }).measure();
    },
  });
  const sides = [side('before', () => load(run, before)), side('best', () => apply(best.candidate))];
  const [old, now] = await measureInTurn(sides, { minRounds: 5, maxRounds: 5, tolerance: 0.1 }, run.signal);
  await load(run, before);
  const pairs = (now?.samples ?? []).flatMap(({ round, sample }) => {
    const other = old?.samples.find((candidate) => candidate.round === round);
    return other === undefined ? [] : [[summarise(sample).throughput, summarise(other.sample).throughput] as const];
  });
  const gain = ratioOfPairs(pairs);
  const isBetter = gain.low > 1 && now?.state !== 'failed';
  return { model: run.model, trials, best, gain, clients, chosen: isBetter ? best.candidate : undefined };
}

/** Puts a model.json in place and has the server load it. */
async function load({ target, folder, model }: TuneRun, json: Readonly<Record<string, unknown>>): Promise<void> {
  await writeModelJson(folder, json);
  const url = urlOf(target.origin) + buildPath('repository-load', { model });
  const answer = await fetch(url, { method: 'POST', headers: target.origin.headers });
  const text = await answer.text();
  if (!answer.ok) throw new AppError('MODEL_INVALID', `${url} answered ${answer.status}: ${text.slice(0, 300)}`);
}
