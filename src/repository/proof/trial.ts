import { AppError, messageOf } from '../../errors.js';
import type { Suspicion } from '../crashes/suspicion.js';
import { isBatchingAutomatic } from '../../model/complete/complete-batching.js';
import type { ModelConfig, OnnxHeader } from '../../model/config.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { Runner, RunnerSession, ProcessFault } from '../../workers/runner.js';
import { countBytes, filesOf, type Snapshot } from '../files/snapshot.js';
import type { TrustRecord, TrustStore, TrustSubject } from './trust-store.js';
import { runMadeUp, type MadeUpRuns, type RefusedRequest } from './model-fault.js';
import { prove, warm, type Proof } from './warm-up.js';

/** A model before anything of it is loaded where others serve. */
interface TrialSubject extends TrustSubject {
  readonly header: OnnxHeader;
  readonly config: ModelConfig;
  /** Hears of what ends its process. */
  readonly suspicion: Pick<Suspicion, 'blame'>;
}

/** What trials need, whatever the model. */
export interface TrialOptions {
  readonly runner: Runner;
  /** Remembers what was tried. A model that is not in it is loaded and run in a process of its own first; without it none is. */
  readonly trust?: TrustStore;
  /** Aborted when the result is of no use any more: trials end. */
  readonly closing?: AbortSignal;
}

/** What is known of a model that may be loaded, and how, in words. */
export interface Tried {
  readonly proof: Proof;
  readonly how: string;
}

/** Limits without the part that grows with the model's files, in milliseconds. */
const limits = {
  cpu: { loadMs: 30_000, runMs: 10_000 },
  /** Drivers start, and compile and choose their kernels when they first see them. */
  gpu: { loadMs: 600_000, runMs: 60_000 },
};

/** Added for each MiB of the model's files: a second, so that no large model is taken for one that hangs. */
const msPerMiB = 1000;

/** Files of a model's snapshot with what it is to be loaded with. */
export interface VersionToTry extends Pick<TrustSubject, 'json' | 'spec'> {
  readonly snapshot: Pick<Snapshot, 'modelPath' | 'header'>;
  readonly config: ModelConfig;
  readonly suspicion: Pick<Suspicion, 'blame'>;
}

/**
 * What the model's rows are like, from a trial in a process of its own unless its content was tried before. Undefined for a model
 * that runs apart: what it does there ends nothing else. Rejects where the trial's process ends, or takes longer than a limit: with
 * MODEL_QUARANTINED where that is enough for it, else with MODEL_INVALID.
 */
export async function tryUnlessApart(
  { snapshot, ...rest }: VersionToTry,
  options: TrialOptions,
): Promise<Tried | undefined> {
  const { trust } = options;
  const { header } = snapshot;
  if (trust === undefined || header.hazard !== undefined) return undefined;
  const subject = { ...rest, header, files: filesOf(snapshot) };
  const record = await trust.find(subject);
  if (record.proof === undefined) return tryNow(subject, record, options);
  const how = record.source === 'shipped' ? 'none: it came with the server, tried' : 'none: it was tried before';
  return { proof: record.proof, how };
}

async function tryNow(subject: TrialSubject, record: TrustRecord, options: TrialOptions): Promise<Tried> {
  const startedMs = performance.now();
  const proof = await runTrial(subject, options);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(2);
  const how = `tried in a process of its own in ${seconds} s`;
  return record.remember(proof).then(
    () => ({ proof, how }),
    (error: unknown) => ({ proof, how: `${how}, and again at the next start (${messageOf(error)})` }),
  );
}

async function runTrial(subject: TrialSubject, options: TrialOptions): Promise<Proof> {
  const { header, config, json } = subject;
  let phase: 'loading' | 'warming' = 'loading';
  return inTrial(subject, options, async (session) => {
    phase = 'warming';
    const proof = await prove({ session, header, config }, isBatchingAutomatic(json.batching));
    await warm({ session, header, config }, proof);
    return proof;
  }).catch((error: unknown) => fail(error, phase, subject));
}

/** Loads a model into a process of its own, with a clock on that and on each run, and unloads it there afterwards. */
async function inTrial<T>(
  { spec, files }: Pick<TrialSubject, 'spec' | 'files'>,
  { runner, closing: signal }: TrialOptions,
  use: (session: TrialSession) => Promise<T>,
): Promise<T> {
  const { loadMs, runMs } = await limitsOf({ spec, files });
  const trial = { loadLimitMs: loadMs };
  const session = await runner.load(spec, { instances: 1, next: () => undefined, trial, signal });
  try {
    return await use(limitRuns(session, runMs));
  } finally {
    await session.unload();
  }
}

/** Runs made-up inputs in a process of their own, whatever was tried before: the model refuses what it is sent. */
export function tryAfterRefusal(
  { snapshot, spec, config }: Pick<VersionToTry, 'snapshot' | 'spec' | 'config'>,
  options: TrialOptions,
): (request: RefusedRequest) => Promise<MadeUpRuns> {
  const { header } = snapshot;
  const outputs = header.outputs.map(({ name }) => name);
  return (request) =>
    inTrial({ spec, files: filesOf(snapshot) }, options, (session) => {
      const run = (inputs: NamedTensors) => session.runOn(0, { requests: [inputs], rows: 0, outputs });
      return runMadeUp(run, { header, config }, request);
    });
}

async function limitsOf({
  spec,
  files,
}: Pick<TrialSubject, 'spec' | 'files'>): Promise<{ readonly loadMs: number; readonly runMs: number }> {
  const moreMs = ((await countBytes(files)) / 2 ** 20) * msPerMiB;
  const { loadMs, runMs } = spec.provider === 'cpu' ? limits.cpu : limits.gpu;
  return { loadMs: Math.round(loadMs + moreMs), runMs: Math.round(runMs + moreMs) };
}

type TrialSession = Pick<RunnerSession, 'loaded' | 'runOn'>;

/** The session with a clock on each run, where it has processes of its own, which are then ended: a run on made-up inputs may never end. */
export function limitRuns(session: RunnerSession, limitMs: number): TrialSession {
  const reason = `a run of its warm-up took longer than ${Number((limitMs / 1000).toFixed(2))} s; "warmup": false in model.json leaves it out`;
  return {
    loaded: session.loaded,
    runOn: (instance, job) => {
      const unlimit = session.limitProcesses(limitMs, reason);
      return session.runOn(instance, job).finally(unlimit);
    },
  };
}

/** What ends the process of a trial is the model's fault; that no process could be started is not. */
async function fail(error: unknown, phase: 'loading' | 'warming', { suspicion }: TrialSubject): Promise<never> {
  const fault = faultOf(error, phase);
  if (fault === undefined) throw error;
  const verdict = await suspicion.blame(fault);
  if (verdict !== undefined) throw new AppError('MODEL_QUARANTINED', verdict, { cause: error });
  const step = phase === 'loading' ? 'loaded' : 'warmed up';
  const text = `It was tried in a process of its own first, which ended while it was ${step}: ${fault.reason}`;
  throw new AppError('MODEL_INVALID', text, { cause: error });
}

/** The end of a process in an error: what it says of the one model that the process held. Undefined where it says nothing, such as that the server stops. */
export function faultOf(error: unknown, phase: ProcessFault['phase']): ProcessFault | undefined {
  if (!(error instanceof AppError) || error.code !== 'WORKER_LOST') return undefined;
  const cause = error.details['cause'] as ProcessFault['cause'] | 'asked' | undefined;
  return cause === undefined || cause === 'asked' ? undefined : { reason: error.message, phase, cause };
}
