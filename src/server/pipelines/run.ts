import { AppError, messageOf } from '../../errors.js';
import type { CropConfig, StepConfig } from '../../model/pipeline/pipeline-json.js';
import type { ServableModel } from '../../repository/types.js';
import type { Codec } from '../codec/codec.js';
import type { RequestMemory } from '../memory/memory-budget.js';
import { chooseBoxes } from './boxes.js';
import { inSpan, type Traced } from './in-span.js';
import { callLocal } from './local.js';
import { callRemote, predictionUrl, type RemoteOptions, type RemoteStep } from './remote/remote.js';
import { extendTrail } from './remote/trail.js';
import { describeTarget, mostCalls, type Pipeline, type StepCall } from './types.js';

/** One image for a pipeline. */
export interface PipelineCall extends Traced {
  readonly image: Uint8Array;
  readonly signal: AbortSignal;
  readonly memory: RequestMemory;
  /** The pipelines that the request came through. */
  readonly trail: readonly string[];
}

/** What of a server a pipeline runs on. */
export interface PipelineHost extends RemoteOptions {
  /** Unlike any other server's. */
  readonly serverId: string;
  readonly codec: Codec;
  readonly findPipeline: (name: string) => Pipeline | undefined;
  /** Called before each call of a step, inside other pipelines too. Throws where one image takes too many. */
  readonly takeCall: () => void;
  /** Throws where it is not ready. */
  readonly getModel: (name: string, version: string | undefined) => ServableModel;
}

/** How one step went. */
export interface StepReport {
  readonly name: string;
  readonly model: string;
  readonly url?: string;
  readonly model_version?: string;
  readonly device?: string;
  /** Images that the model was asked about. */
  readonly calls: number;
  /** Boxes beyond the most. */
  readonly left_out?: number;
  /** Boxes outside the image, or too small. */
  readonly skipped?: number;
  readonly ms: number;
}

/** What a pipeline answers for one image. */
export interface PipelineAnswer {
  /** By step; those on boxes stand in `results` of their boxes. */
  readonly results: Readonly<Record<string, unknown>>;
  readonly steps: readonly StepReport[];
  /** Those that computed, each once. */
  readonly device: string;
}

/** An image with what a step said of it. */
interface Seen {
  readonly image: Uint8Array;
  readonly answer: StepCall['answer'];
}

/** An image for a step, and where its answer goes. */
interface Item {
  readonly image: Uint8Array;
  readonly into: Record<string, unknown>;
}

interface Done {
  readonly items: readonly Item[];
  /** By item. */
  readonly seen: readonly Seen[];
  readonly report: StepReport;
}

/** Calls of one step that are under way at a time. */
const mostAtOnce = 8;

/** Counts the calls of one request's image. */
export function countCalls(): () => void {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls <= mostCalls) return;
    const text = `One image takes more than ${mostCalls} calls of models here: ask for fewer boxes, or use fewer steps in pipelines that are steps.`;
    throw new AppError('INVALID_INPUT', text);
  };
}

/** Runs every step of a pipeline, those that need no other at once; where one fails the others are given up. Rejects with its failure, and its name. */
export async function runPipeline(pipeline: Pipeline, call: PipelineCall, host: PipelineHost): Promise<PipelineAnswer> {
  const trail = extendTrail(call.trail, host.serverId, pipeline.name);
  const end = new AbortController();
  const own = { ...call, trail, signal: AbortSignal.any([call.signal, end.signal]) };
  const within = { ...host, codec: host.codec.of(call.signal) };
  const results: Record<string, unknown> = {};
  const running = new Map<string, Promise<Done>>();
  for (const step of pipeline.config.steps)
    running.set(step.name, runStep(step, { running, results, call: own, host: within }));
  try {
    const done = await Promise.all(running.values());
    // In the order of the steps, whichever ended first.
    for (const { items, seen, report } of done) items.forEach(({ into }, n) => (into[report.name] = seen[n]?.answer));
    const steps = done.map(({ report }) => report);
    const devices = new Set(steps.flatMap(({ device }) => device?.split(/, */) ?? []));
    return { results, steps, device: [...devices].join(', ') };
  } finally {
    end.abort();
  }
}

interface StepContext {
  readonly running: ReadonlyMap<string, Promise<Done>>;
  readonly results: Record<string, unknown>;
  readonly call: PipelineCall;
  readonly host: PipelineHost;
}

/** Runs a step once the step is done whose boxes it sees. */
async function runStep(step: StepConfig, { running, results, call, host }: StepContext): Promise<Done> {
  const { crop } = step;
  const before = crop === undefined ? undefined : await running.get(crop.of);
  return inSpan(call, partOf(step), (own) => runOnItems(step, before, { results, call: own, host }));
}

async function runOnItems(
  step: StepConfig,
  before: Done | undefined,
  { results, call, host }: Omit<StepContext, 'running'>,
): Promise<Done> {
  const { name, crop } = step;
  const startMs = performance.now();
  const chosen =
    crop === undefined || before === undefined
      ? { items: [{ image: call.image, into: results }], counts: {} }
      : await cutItems({ name, crop }, before.seen, { call, host }).catch((thrown: unknown) => failStep(step, thrown));
  const calls: StepCall[] = [];
  const seen: Seen[] = [];
  await forEachAtOnce(chosen.items, async ({ image }, n) => {
    const made = await callStep(step, { ...call, image }, host).catch((thrown: unknown) => failStep(step, thrown));
    calls[n] = made;
    seen[n] = { image, answer: made.answer };
  });
  const ms = Math.round((performance.now() - startMs) * 1000) / 1000;
  return { items: chosen.items, seen, report: { ...headOf(step, calls), calls: calls.length, ...chosen.counts, ms } };
}

/** The span of a step, which holds its crops, its runs and its calls. */
const partOf = ({ name, model }: StepConfig) => ({
  name: `step ${name}`,
  attributes: { 'slipway.step.name': name, 'slipway.model.name': model },
});

function headOf({ name, model, url }: StepConfig, calls: readonly StepCall[]) {
  const joined = (values: readonly string[]) => [...new Set(values)].join(', ');
  const facts = {
    model_version: joined(calls.map(({ version }) => version)),
    device: joined(calls.map(({ device }) => device)),
  };
  return { name, model, ...(url === undefined ? {} : { url }), ...(calls.length === 0 ? {} : facts) };
}

/** The boxes of an earlier step, cut out of their images. */
async function cutItems(
  { name, crop }: { readonly name: string; readonly crop: CropConfig },
  seen: readonly Seen[],
  { call, host }: Pick<StepContext, 'call' | 'host'>,
): Promise<{ items: readonly Item[]; counts: { left_out: number; skipped: number } }> {
  const codec = host.codec.of(call.signal);
  const items: Item[] = [];
  const counts = { left_out: 0, skipped: 0 };
  for (const { image, answer } of seen) {
    const { boxes, leftOut } = chooseBoxes(answer, crop);
    counts.left_out += leftOut;
    if (boxes.length === 0) continue;
    const { margin, square, leastSide } = crop;
    const pieces = { model: name, image, boxes: boxes.map(({ box }) => box), margin, square, leastSide };
    const part = { name: 'crop', attributes: { 'slipway.crop.boxes': boxes.length } };
    const cut = await inSpan(call, part, () => codec.cutCrops(pieces));
    call.memory.take(cut.reduce((sum, piece) => sum + (piece?.length ?? 0), 0));
    for (const [n, piece] of cut.entries()) {
      const entry = boxes[n]?.entry;
      if (piece === undefined || entry === undefined) counts.skipped += 1;
      else items.push({ image: piece, into: (entry['results'] ??= {}) as Record<string, unknown> });
    }
  }
  return { items, counts };
}

async function callStep(step: StepConfig, call: PipelineCall, host: PipelineHost): Promise<StepCall> {
  host.takeCall();
  if (step.url !== undefined) {
    const remote = step as RemoteStep;
    const { hostname } = new URL(remote.url);
    const part = {
      name: 'POST',
      isCall: true,
      attributes: { 'http.request.method': 'POST', 'server.address': hostname, 'url.full': predictionUrl(remote) },
    };
    return inSpan(call, part, (own) => callRemote(remote, { ...own, onBytes: call.memory.counter() }, host));
  }
  const inner = host.findPipeline(step.model);
  if (inner === undefined) {
    return callLocal(step, host.getModel(step.model, step.version), { codec: host.codec, call });
  }
  const { results, device } = await runPipeline(inner, call, host);
  return { answer: { results }, device, version: '1' };
}

/** Runs a function for each, in order, several at a time. Rejects at the first failure; what runs then is given up by its signal. */
async function forEachAtOnce<T>(all: readonly T[], run: (one: T, n: number) => Promise<void>): Promise<void> {
  const left = all.entries();
  const worker = async (): Promise<void> => {
    for (const [n, one] of left) await run(one, n);
  };
  await Promise.all(Array.from({ length: Math.min(mostAtOnce, all.length) }, worker));
}

/** The same failure with the step's name. */
function failStep(step: StepConfig, thrown: unknown): never {
  const text = `Step '${step.name}' (${describeTarget(step)}): ${messageOf(thrown)}`;
  const [code, details] = thrown instanceof AppError ? [thrown.code, thrown.details] : (['INTERNAL', {}] as const);
  throw new AppError(code, text, { details, cause: thrown });
}
