import { AppError } from '../../errors.js';
import { omitUndefined } from '../../omit-undefined.js';
import type { DeviceChoice, DeviceFinder } from '../../engine/devices.js';
import type { SessionSpec } from '../../engine/engine.js';
import { isBatchingAutomatic } from '../../model/complete/complete-batching.js';
import { checkTaskLabels, labelsOf } from '../../model/complete/task-labels.js';
import { completeConfig } from '../../model/complete/complete-config.js';
import type { ModelJson } from '../../model/config-schema.js';
import type { Homes } from '../../model/containment.js';
import type { TokenizerFile } from '../../model/tokenizer-file.js';
import type { ExecutionConfig, ModelConfig, OnnxHeader, ProviderName } from '../../model/config.js';
import type { LoadedSession, LoadOptions, RunnerSession } from '../../workers/runner.js';
import type { CrashRecords } from '../crashes/crash-records.js';
import type { Watch } from '../files/fingerprint.js';
import { placeModel, divideConfig } from './instances.js';
import {
  notesOnFiles,
  notesOnFixedImages,
  notesOnImage,
  notesOnOptimiser,
  notesOnProcesses,
  notesOnProvider,
} from './load-notes.js';
import type { StateMemory } from '../../batching/sequences/types.js';
import { Servable, type BatchingOff, type SequencesGone, type ServableParts } from '../servable.js';
import type { Snapshot } from '../files/snapshot.js';
import type { StatisticsCounter } from '../statistics.js';
import { findSuspicion, type Suspicion } from '../crashes/suspicion.js';
import { faultOf, limitRuns, tryAfterRefusal, tryUnlessApart, type TrialOptions } from '../proof/trial.js';
import { prove, warm } from '../proof/warm-up.js';
import { inPublicNames, readVersionFiles, type VersionPlace } from './version-files.js';

/** What every load needs, whatever the model. */
export interface LoaderOptions extends TrialOptions, Pick<ServableParts, 'onTracedRun'> {
  /** Threads of one run where model.json does not say. */
  readonly intraOpThreads: number;
  /** CPUs of this server, of which runs on a GPU take one each. */
  readonly cpus: number;
  /** Processes that are one server, of which this is one; 1 unless given. */
  readonly processes?: number;
  /** Which provider a model gets, with one line why. Rejects with DEVICE_UNAVAILABLE where none fits. */
  readonly chooseProvider: (execution: ExecutionConfig) => Promise<ProviderChoice>;
  /** Which GPUs it gets where it asks for several; the first unless given. */
  readonly findDevices?: DeviceFinder;
  /** What the links of a model's files may not lead out of: the repository, and folders that the operator named. */
  readonly homes: Homes;
  /** The longest warm-up of a model that runs apart; 10 s unless told otherwise. */
  readonly warmUpLimitMs?: number;
  /** A private folder for copies of model files. */
  readonly snapshotFolder: string;
  /** Which models the server's process ended with before: they run in processes of their own, or not at all. */
  readonly crashes?: CrashRecords;
  /** What state of sequences is counted in; undefined: in nothing. */
  readonly stateMemory?: StateMemory;
  /** Called where state of sequences is given up. */
  readonly onSequences?: (event: SequencesGone) => void;
  /** Called where batching of a version is turned off while it serves. */
  readonly onBatchingOff?: (event: BatchingOff) => void;
}

/** The execution provider of a version, and why it was chosen. */
export interface ProviderChoice {
  readonly provider: ProviderName;
  readonly reason: string;
  /** The model must not be served where all of it turns out to run on the CPU. */
  readonly isGpuRequired?: boolean;
}

/** One version to load. */
export interface VersionRequest extends VersionPlace {
  readonly name: string;
  readonly version: string;
  /** Counts that go on where the version before left off. */
  readonly statistics: StatisticsCounter;
}

/** A version that is warm, with the files that it came from. */
export interface LoadedVersion {
  readonly servable: Servable;
  readonly watch: Watch;
  /** Whether those files still hold what was loaded. */
  isCurrent(): Promise<boolean>;
}

/** Loads one version and warms it, unless the signal aborts meanwhile. Rejects with the reason, and leaves nothing behind then. */
export async function loadVersion(
  request: VersionRequest,
  options: LoaderOptions,
  signal: AbortSignal,
): Promise<LoadedVersion> {
  const startedMs = performance.now();
  const files = await readVersionFiles(request, { ...options, signal });
  const { snapshot, json, labels, tokenizer, notes, watch } = files;
  try {
    const model = `${request.name}/${request.version}`;
    const subject = { model, path: request.path, watch: snapshot.watch, json };
    const suspicion = await findSuspicion(subject, options.crashes);
    const { hazard = suspicion.hazard } = snapshot.header;
    const header = { ...snapshot.header, ...(hazard === undefined ? {} : { hazard }) };
    let unfollow = (): void => undefined;
    const remove = async (): Promise<void> => {
      unfollow();
      await snapshot.remove();
    };
    const asked = { ...request, json, found: notes, labels, tokenizer, startedMs, suspicion, signal };
    const servable = await loadServable(asked, { ...snapshot, header, remove }, options);
    unfollow = suspicion.follow(() => request.statistics.snapshot().inferenceCount);
    return { servable, watch, isCurrent: () => files.isCurrent() };
  } catch (error) {
    await snapshot.remove();
    throw inPublicNames(error, snapshot.modelPath, request.path);
  }
}

interface RequestInWork extends VersionRequest {
  readonly labels: readonly string[];
  /** What was found beside model.json and how its file was, in words. */
  readonly found: readonly string[];
  readonly tokenizer: TokenizerFile | undefined;
  readonly startedMs: number;
  readonly suspicion: Suspicion;
  /** Aborted when the load is of no use any more. */
  readonly signal: AbortSignal;
}

async function loadServable(request: RequestInWork, snapshot: Snapshot, options: LoaderOptions): Promise<Servable> {
  const { name, version, json, statistics, suspicion, tokenizer } = request;
  const { header } = snapshot;
  const { choice, wished } = await configure(request, header, options);
  const own = { name, version, header, statistics, tokenizer, labels: labelsOf(request.labels, wished, header) };
  const holder: { servable?: Servable } = {};
  const spec = specOf(wished, choice, { logId: `${name}/${version}`, snapshot, options });
  const tried = await tryUnlessApart({ spec, snapshot, config: wished, json, suspicion }, options);
  const how: LoadOptions = {
    ...(await placeModel({ config: wished, choice, snapshot, cpus: options.cpus })),
    next: (freeWorkers) => holder.servable?.next(freeWorkers),
    ...suspicion.load,
    signal: request.signal,
    onLost: (reason) => holder.servable?.giveUp(reason),
  };
  const session = await options.runner.load(spec, how).catch((error: unknown) => blame(error, 'loading', suspicion));
  try {
    checkDevices(choice, session.loaded.devices);
    if (session.loaded.weights.shared) await snapshot.discardCopy();
    const subject = { session, header, config: wished };
    const { config, notes, rowMs } = await (tried ? warm(subject, tried.proof) : warmWithin(options, subject, request));
    holder.servable = new Servable({
      ...own,
      config,
      session,
      rowMs,
      notes: [...request.found, ...notesOnLoad({ json, choice, snapshot, wished, loaded: session.loaded }), ...notes],
      providerReason: choice.reason,
      loadMs: performance.now() - request.startedMs,
      weights: session.loaded.weights.reason,
      trial: tried?.how ?? (header.hazard === undefined ? 'none' : 'none: it runs apart'),
      onReleased: () => snapshot.remove(),
      ...hooksOf(options, { snapshot, spec, config }),
    });
    return holder.servable;
  } catch (error) {
    await session.unload();
    throw error;
  }
}

function hooksOf(options: LoaderOptions, loaded: Parameters<typeof tryAfterRefusal>[0]) {
  const { stateMemory, onSequences, onBatchingOff, onTracedRun } = options;
  const tryMadeUp = tryAfterRefusal(loaded, options);
  return { ...omitUndefined({ stateMemory, onSequences, onBatchingOff, onTracedRun }), tryMadeUp };
}

/** Proves and warms a model. */
async function warmWithin(
  { warmUpLimitMs: limitMs = 10_000 }: LoaderOptions,
  subject: { readonly session: RunnerSession; readonly header: OnnxHeader; readonly config: ModelConfig },
  { json, suspicion }: RequestInWork,
): ReturnType<typeof warm> {
  const limited = { ...subject, session: limitRuns(subject.session, limitMs) };
  try {
    return await warm(limited, await prove(limited, isBatchingAutomatic(json.batching)));
  } catch (error) {
    return await blame(error, 'warming', suspicion);
  }
}

/** A process of the model's own that ended while it loaded or warmed it has shown enough. */
async function blame(error: unknown, phase: 'loading' | 'warming', suspicion: Suspicion): Promise<never> {
  const fault = faultOf(error, phase);
  const verdict = fault === undefined ? undefined : await suspicion.blame(fault);
  throw verdict === undefined ? error : new AppError('MODEL_QUARANTINED', verdict, { cause: error });
}

/** The provider that the model gets and on which devices, and its configuration with every default filled in for that. */
async function configure(
  { json, labels }: VersionRequest & { readonly labels: readonly string[] },
  header: OnnxHeader,
  { chooseProvider, findDevices, processes = 1 }: LoaderOptions,
): Promise<{ readonly choice: ProviderChoice & DeviceChoice; readonly wished: ModelConfig }> {
  const choice = await chooseProvider(completeConfig(json, header, 'cpu').execution);
  const wished = divideConfig(completeConfig(json, header, choice.provider), choice.provider, processes);
  checkTaskLabels(wished, labels, header);
  const isOnCpu = choice.provider === 'cpu' || findDevices === undefined;
  const devices = isOnCpu ? { deviceIds: [0] } : await findDevices(choice.provider, wished.instances.gpu);
  return { choice: { ...choice, ...devices }, wished };
}

function notesOnLoad(of: {
  readonly json: ModelJson;
  readonly choice: ProviderChoice & DeviceChoice;
  readonly snapshot: Snapshot;
  readonly wished: ModelConfig;
  readonly loaded: LoadedSession;
}): readonly string[] {
  const { json, choice, snapshot, wished, loaded } = of;
  const { header } = snapshot;
  return [
    ...notesOnProvider(json, choice, loaded.placement),
    ...notesOnOptimiser(loaded.placement),
    ...(choice.note === undefined ? [] : [choice.note]),
    ...notesOnFiles(snapshot),
    ...notesOnImage(json, wished.image),
    ...notesOnFixedImages(wished, header),
    ...notesOnProcesses(header, loaded),
  ];
}

/** A provider may take a session and leave every node of it to the CPU. */
function checkDevices({ provider, isGpuRequired = false }: ProviderChoice, devices: readonly string[]): void {
  if (!isGpuRequired || !devices.includes('cpu')) return;
  throw new AppError(
    'DEVICE_UNAVAILABLE',
    `A GPU is required, but ${provider} leaves every node of the model to the CPU. Drop the requirement, or convert the model.`,
  );
}

function specOf(
  { execution, warmup }: ModelConfig,
  { provider, deviceIds: [deviceId = 0] }: ProviderChoice & DeviceChoice,
  of: { readonly logId: string; readonly snapshot: Snapshot; readonly options: LoaderOptions },
): SessionSpec {
  const { logId, snapshot, options } = of;
  const { modelPath, originalPath, header } = snapshot;
  const names = header.defaultedInputs.map((input) => input.name);
  const intraOpThreads = execution.intraOpThreads ?? options.intraOpThreads;
  return {
    modelPath,
    logId,
    provider,
    deviceId,
    strict: execution.requireGpu,
    intraOpThreads,
    optimised: false,
    ...(warmup ? {} : { mayRun: false }),
    ...([...header.inputs, ...header.outputs].some(({ datatype }) => datatype === 'FP64') && { hasDoubles: true }),
    ...(header.widened.length > 0 ? { widened: header.widened } : {}),
    ...(originalPath === undefined ? {} : { defaults: { names, originalPath } }),
  };
}
