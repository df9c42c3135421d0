import { messageOf } from '../../src/errors.js';
import type { BareServer } from '../baselines/bare-server.js';
import type { RawLoop } from '../baselines/raw-loop.js';
import type { LoadGenerator } from '../load/load.js';
import type { Method, Row } from '../types.js';
import type { ServedModel } from '../targets/server-facts.js';
import type { Target } from '../targets/target.js';
import { askWarm, type Asked } from '../targets/ask.js';
import { measureInTurn, type Series } from './interleave.js';
import { measureBare, measureRaw, measureTarget, type PointLoad } from './participants.js';
import { groupByLoad, planArrivals, planPoints, windowFor, type Point, type Sweep } from '../load/points.js';
import { buildPayloads, type Payload } from '../targets/requests.js';
import { toRows } from './rows.js';
import type { Participant } from './sample.js';
import { settle } from './settle.js';

/** What the points of one model are measured with. */
export interface ModelRun {
  readonly model: string;
  readonly served: ServedModel;
  /** Targets that serve the model, the first one sets the rates of arrivals. */
  readonly targets: readonly [Target, ...Target[]];
  readonly bare: BareServer;
  /** Absent where the model's file is not here. */
  readonly raw?: RawLoop;
  readonly rawThreads: number;
  readonly load: LoadGenerator;
  readonly method: Method;
  readonly sweep: Sweep;
  readonly variable: number;
  readonly images: readonly Uint8Array<ArrayBuffer>[];
  /** Whether no further point may begin. */
  readonly isOver: () => boolean;
  readonly signal: AbortSignal;
  readonly narrate: (line: string) => void;
}

/** Rows of one model, and the points that were left out with the reason. */
export interface ModelRows {
  readonly rows: readonly Row[];
  readonly left: readonly string[];
}

/** Measures every point of one model. */
export async function measureModel(run: ModelRun): Promise<ModelRows> {
  const rows: Row[] = [];
  const left: string[] = [];
  const measure = async (points: readonly Point[]): Promise<void> => {
    const rowsOf = new Map<Point, readonly Row[]>();
    for (const sameLoad of groupByLoad(points)) {
      const result = run.isOver() ? 'the time was over' : await measureLoad(run, sameLoad).catch(reasonOf(run));
      if (typeof result === 'string') left.push(...sameLoad.map((point) => `${describePoint(point)}: ${result}`));
      else for (const point of sameLoad) rowsOf.set(point, toRows(run.model, point, result));
    }
    rows.push(...points.flatMap((point) => rowsOf.get(point) ?? []));
  };
  await settleModel(run).catch(reasonOf(run));
  await measure(planPoints(run.sweep, traitsOf(run)));
  const [first] = run.targets;
  const best = Math.max(
    0,
    ...rows.filter((row) => row.target === first.name && row.scenario === 'concurrency').map(({ rate }) => rate),
  );
  await measure(planArrivals(run.sweep, best));
  return { rows, left };
}

/** What failed, as text; an interruption goes on. */
function reasonOf({ signal }: ModelRun): (error: unknown) => string {
  return (error) => {
    signal.throwIfAborted();
    return messageOf(error);
  };
}

function traitsOf({ served: { inputs, properties }, rawThreads }: ModelRun) {
  return {
    hasBatchDimension: inputs.length > 0 && inputs.every(({ shape }) => shape[0] === -1),
    takesImages: properties['image_input'] !== undefined,
    workers: Math.max(2, rawThreads),
  };
}

/** Two clients for each worker, before the first point. */
async function settleModel(run: ModelRun): Promise<void> {
  const concurrency = 2 * traitsOf(run).workers;
  const arrivals = { kind: 'closed', concurrency } as const;
  const participants = await prepare(run, { scenario: 'concurrency', form: 'binary', batch: 1, arrivals });
  if (typeof participants === 'string') return;
  const { seconds, restless } = await settle(participants, run.method, {
    signal: run.signal,
    now: () => performance.now(),
  });
  const end = restless.length === 0 ? 'steady' : `${restless.join(', ')} not steady yet`;
  run.narrate(`${run.model}: warmed up for ${seconds.toFixed(1)} s: ${end}`);
}

/** What was measured under a load, or the reason why it was left out. */
async function measureLoad(run: ModelRun, points: readonly [Point, ...Point[]]): Promise<readonly Series[] | string> {
  const participants = await prepare(run, points[0]);
  if (typeof participants === 'string') return participants;
  const all = await measureInTurn(participants, run.method, run.signal);
  const figures = toRows(run.model, points[0], all).map(describeRow).join(', ');
  run.narrate(`${run.model}: ${points.map(describePoint).join(' = ')}: ${figures}`);
  return all;
}

/** Those who take part in a point, or the reason why it is left out. */
async function prepare(run: ModelRun, point: Point): Promise<readonly Participant[] | string> {
  const { model, served, targets, variable, images, method, signal } = run;
  const mostRows = Number(served.properties['max_batch_size'] ?? 0);
  if (mostRows > 0 && point.batch > mostRows) return `the model takes at most ${mostRows} rows per request`;
  const payloads = buildPayloads({
    model,
    inputs: served.inputs,
    form: point.form,
    rows: point.batch,
    variable,
    images,
  });
  const probe = await probeTargets(run, payloads[0]);
  await run.bare.setAnswer(probe.answer);
  const clients = point.arrivals.kind === 'closed' ? point.arrivals.concurrency : 1;
  const expectedMs = probe.slowestMs * Math.max(1, clients / run.rawThreads);
  const timing = windowFor(expectedMs, method);
  if (timing === undefined) return `an answer would take about ${(expectedMs / 1000).toFixed(1)} s`;
  const context: PointLoad = { point, payloads, load: run.load, timing, signal };
  return [
    ...targets.map((target) => measureTarget(target, context)),
    ...(point.scenario === 'arrivals' ? [] : [measureBare(run.bare, context)]),
    ...(run.raw === undefined || point.scenario === 'arrivals'
      ? []
      : [measureRaw(run.raw, { threads: run.rawThreads, variable }, context)]),
  ];
}

interface Probe {
  readonly slowestMs: number;
  readonly answer: Asked;
}

/** The time of each target's answer; the first one's is what the bare server will give. */
async function probeTargets({ targets, signal }: ModelRun, payload: Payload): Promise<Probe> {
  const answers: Asked[] = [];
  for (const { origin } of targets) answers.push(await askWarm(origin, payload, signal));
  const [answer] = answers;
  if (answer === undefined) throw new Error('no target answered');
  return { slowestMs: Math.max(...answers.map(({ ms }) => ms)), answer };
}

/** `batch 8 x 2 clients`, as progress and tables name a point. */
function describePoint({ scenario, form, batch, arrivals }: Point): string {
  const load =
    arrivals.kind === 'closed' ? `${arrivals.concurrency} clients` : `${arrivals.requestsPerSecond} requests/s`;
  return `${scenario} ${form}, batch ${batch}, ${load.replace(/^1 clients/, '1 client')}`;
}

function describeRow({ target, rate, p50Ms, state }: Row): string {
  const figure = `${target} ${rate.toPrecision(3)}/s p50 ${p50Ms.toPrecision(3)} ms`;
  return state === 'steady' ? figure : `${figure} (${state})`;
}
