import { AppError, messageOf } from '../src/errors.js';
import { startBareServer, type BareServer } from './baselines/bare-server.js';
import { startRawLoop, type RawLoop } from './baselines/raw-loop.js';
import { startLoadGenerator, type LoadGenerator } from './load/load.js';
import { measureModel } from './measure/model-run.js';
import { describeModel, type Serving } from './subject/describe.js';
import type { MemoryReading, ModelReport, Row, TargetReport } from './types.js';
import type { BenchSettings } from './settings.js';
import type { StagedSubject } from './subject/subject.js';
import { readMemory, readModel, readNodeVersion, readProof, readThreads } from './targets/server-facts.js';
import { startTarget, type StartedTarget } from './targets/start.js';
import { urlOf, type TargetPlan } from './targets/target.js';

/** What a run needs from outside. */
export interface RunOptions {
  readonly settings: BenchSettings;
  readonly subjects: readonly StagedSubject[];
  readonly repository: string;
  readonly plans: readonly TargetPlan[];
  readonly images: readonly Uint8Array<ArrayBuffer>[];
  readonly cpus: number;
  /** Rates of a model's arrivals that an older report has; none: those of the settings. */
  readonly ratesOf: (model: string) => readonly number[];
  readonly signal: AbortSignal;
  readonly narrate: (line: string) => void;
  /** What sends the requests; left out: a process of its own. */
  readonly startLoad?: () => LoadGenerator;
}

/** What one run of the benchmark measured. */
export interface RunResult {
  readonly targets: readonly TargetReport[];
  readonly models: readonly ModelReport[];
  readonly rows: readonly Row[];
  readonly onnxRuntime: string | null;
}

/** Starts the targets, measures every model on those that serve it, and ends whatever it started, also when it fails. */
export async function runBench(options: RunOptions): Promise<RunResult> {
  const started: StartedTarget[] = [];
  const skipped: TargetReport[] = [];
  const load = (options.startLoad ?? startLoadGenerator)();
  const bare = await startBareServer({ contentType: 'application/json', body: Buffer.from('{}') });
  try {
    for (const plan of options.plans) {
      const result = await start(plan, options);
      if ('target' in result) started.push(result);
      else skipped.push({ name: result.name, state: 'skipped', reason: result.reason });
    }
    if (started.length === 0) throw noTarget(skipped);
    return await measureAll(options, { started, skipped, load, bare });
  } finally {
    await Promise.all([load.close(), bare.close(), ...started.map(({ target }) => target.stop())]);
  }
}

function noTarget(skipped: readonly TargetReport[]): AppError {
  const reasons = skipped.map((target) => (target.state === 'skipped' ? `${target.name}: ${target.reason}` : ''));
  return new AppError('SERVER_UNREACHABLE', `No server could be measured. ${reasons.join('; ')}`);
}

async function start(plan: TargetPlan, { settings, subjects, repository, signal, narrate }: RunOptions) {
  narrate(`starting ${plan.name}`);
  const model = subjects[0]?.name ?? '';
  const request = { starts: settings.coldStarts, model, variable: settings.variable };
  const result = await startTarget(plan, request, { repository, signal, narrate });
  if ('reason' in result) narrate(`${result.name} could not run: ${result.reason}`);
  return result;
}

interface Bench {
  readonly started: readonly StartedTarget[];
  readonly skipped: readonly TargetReport[];
  readonly load: LoadGenerator;
  readonly bare: BareServer;
}

async function measureAll(options: RunOptions, bench: Bench): Promise<RunResult> {
  const before = await readAllMemory(bench.started, 'after start');
  const results: { readonly model: ModelReport; readonly rows: readonly Row[] }[] = [];
  let onnxRuntime: string | null = null;
  for (const subject of options.subjects) {
    const { result, runtimeVersion } = await measureSubject(subject, options, bench);
    onnxRuntime ??= runtimeVersion;
    if (result !== undefined) results.push(result);
  }
  const after = await readAllMemory(bench.started, 'after load');
  const reports = bench.started.map(async (started, index) => {
    const memory = [before[index], after[index]].filter((reading) => reading !== undefined);
    return describeTarget(started, memory);
  });
  return {
    targets: [...(await Promise.all(reports)), ...bench.skipped],
    models: results.map(({ model }) => model),
    rows: results.flatMap(({ rows }) => rows),
    onnxRuntime,
  };
}

function readAllMemory(
  started: readonly StartedTarget[],
  moment: MemoryReading['moment'],
): Promise<readonly MemoryReading[]> {
  return Promise.all(started.map(({ target }) => readMemory(target, moment)));
}

async function describeTarget(
  { target, coldStartsMs }: StartedTarget,
  memory: readonly MemoryReading[],
): Promise<TargetReport> {
  return {
    name: target.name,
    state: 'measured',
    kind: target.kind,
    url: urlOf(target.origin),
    image: target.image ?? null,
    node: (await readNodeVersion(target)) ?? null,
    threads: await readThreads(target),
    coldStartsMs,
    coldStartParts: target.startParts,
    memory,
  };
}

async function measureSubject(subject: StagedSubject, options: RunOptions, bench: Bench) {
  const { serving, left } = await findServing(subject, bench);
  const [first, ...others] = serving;
  if (first === undefined) {
    options.narrate(`${subject.name} is left out: ${left.join('; ')}`);
    return { result: undefined, runtimeVersion: null };
  }
  const threads = await threadsOf(serving, options.cpus);
  const raw = await startRaw(subject, threads, options.narrate);
  try {
    const measured = await measureModel({
      ...modelRunOf(options, subject.name),
      model: subject.name,
      served: first.served,
      targets: [first.target, ...others.map(({ target }) => target)],
      bare: bench.bare,
      ...(raw === undefined ? {} : { raw }),
      rawThreads: threads.workers,
      load: bench.load,
    });
    const model = await describeModel(subject, serving, [...left, ...measured.left]);
    return { result: { model, rows: measured.rows }, runtimeVersion: raw?.runtimeVersion ?? null };
  } finally {
    await raw?.close();
  }
}

/** What the options say of one model's run. */
function modelRunOf({ settings, images, ratesOf, signal, narrate }: RunOptions, model: string) {
  const { method, variable } = settings;
  const rates = ratesOf(model);
  const sweep = rates.length === 0 ? settings.sweep : { ...settings.sweep, rates, ratesAre: 'absolute' as const };
  const isOver = () => performance.now() > method.limitS * 1000;
  return { method, sweep, variable, images, isOver, signal, narrate };
}

/** Which targets serve a model, with their proofs; why not, for the others. */
async function findServing(subject: StagedSubject, { started }: Bench) {
  const left: string[] = [];
  const serving: Serving[] = [];
  for (const { target } of started) {
    try {
      const served = await readModel(target, subject.name);
      serving.push({ target, served, proof: readProof(served) });
    } catch (error) {
      left.push(`${target.name}: ${messageOf(error)}`);
    }
  }
  return { serving, left };
}

/** Threads of the raw loop: those of the first server on the CPU, else one for each CPU. */
async function threadsOf(serving: readonly Serving[], cpus: number) {
  for (const { target, proof } of serving) {
    const threads = proof.device === 'cpu' ? await readThreads(target) : null;
    if (threads !== null)
      return { workers: Number(threads['workers']), intraOpThreads: Number(threads['intraOpThreads']) };
  }
  return { workers: cpus, intraOpThreads: 1 };
}

async function startRaw(
  { name, modelPath }: StagedSubject,
  { workers, intraOpThreads }: { readonly workers: number; readonly intraOpThreads: number },
  narrate: (line: string) => void,
): Promise<RawLoop | undefined> {
  if (modelPath === undefined) return undefined;
  const place = { modelPath, logId: 'raw', provider: 'cpu', deviceId: 0 } as const;
  const spec = { ...place, strict: false, intraOpThreads, optimised: false };
  return startRawLoop({ spec, threads: workers }).catch((error: unknown) => {
    narrate(`${name}: no raw loop: ${messageOf(error)}`);
    return undefined;
  });
}
