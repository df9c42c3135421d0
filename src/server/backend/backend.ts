import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { StateMemory } from '../../batching/sequences/types.js';
import { AppError } from '../../errors.js';
import type { OnModelEvent } from '../../repository/events.js';
import type { ProviderChoice } from '../../repository/loading/load-version.js';
import type { TrustStore } from '../../repository/proof/trust-store.js';
import type { ModelRepository, OnTracedRun } from '../../repository/types.js';
import { createGpuReader } from '../../resources/gpu-readings.js';
import type { RunnerPool } from '../../workers/pool.js';
import type { DeviceLoss, RunnerEvents } from '../../workers/runner-options.js';
import type { Log } from '../log/log.js';
import { logBatchingOff, logSequencesGone } from './model-events.js';
import { createInlineWatch } from './inline-watch.js';
import { openCrashes, type Crashes } from './crashes.js';
import { keepGpu } from './gpu-keeper.js';
import { watchGpus } from './gpu-watch.js';
import type { ServeOptions } from '../serve-options.js';
import type { Ledger } from '../describe/startup-text.js';
import { unreadableFolder } from '../settings/models-place.js';

/** What computes: the worker threads, and the models in them. */
export interface Backend {
  readonly runner: RunnerPool;
  readonly repository: ModelRepository;
}

/** What computes, and what is known of crashes. */
interface Surroundings {
  readonly runner: RunnerPool;
  readonly crashes: Crashes;
}

/** What the server is started from, and the memory that state of sequences is counted in. */
interface BackendOptions extends ServeOptions {
  readonly stateMemory: StateMemory;
}

/** How far the start has come. */
export interface BackendStart {
  /** The workers run and the models load; rejects where the workers or the folder's listing failed. */
  readonly opened: Promise<Backend>;
  readonly crashes: Crashes;
  /** Every model is ready or has failed; with the time that each part of the start took. */
  readonly settled: Promise<Ledger>;
}

/** Who is told of what the models do. */
export interface BackendListeners {
  readonly onModelEvent: OnModelEvent;
  /** Called at the end of each run, where traces are wanted. */
  readonly onTracedRun: OnTracedRun | undefined;
}

/** Starts the worker threads, then loads the models. Closes the threads again where the folder cannot be read. */
export function startBackend(options: BackendOptions, listeners: BackendListeners): BackendStart {
  const startMs = performance.now();
  let runnerMs = startMs;
  const crashes = openCrashes(options);
  const opened = openRunner(options, crashes).then((runner) => {
    runnerMs = performance.now();
    return openModels({ runner, crashes }, options, listeners);
  });
  const settled = opened.then(async ({ repository }): Promise<Ledger> => {
    await repository.settled();
    return [
      ['runtime', runnerMs - startMs],
      ['models', performance.now() - runnerMs],
    ];
  });
  settled.catch(() => undefined);
  return { opened, settled, crashes };
}

/** What a log and the server's end are told of the workers. */
function toEvents({ log, onStuck }: ServeOptions, limitMs: number): RunnerEvents {
  return {
    onWorkerLost: (event) => log.error(event, 'worker lost'),
    onInline: (event) => log.debug(event, event.inline ? 'runs on the HTTP thread' : 'runs on the workers'),
    onWide: (event) => {
      if (event.failed === true) log.warn(event, 'lone runs stay narrow');
      else log.debug(event, event.wide ? 'lone runs take all threads' : 'lone runs stay narrow');
    },
    onWorkerRestarted: (event) => log.warn(event, 'worker restarted'),
    onDeviceLost: (loss) => log.error(loss, 'GPU lost: its worker is replaced, and its models are loaded again'),
    onGivenUp: ({ reason }) => onStuck(reason),
    onStuck: ({ worker, session, runningMs }) =>
      onStuck(
        `a run of ${session} on ${worker} has taken ${Math.round(runningMs)} ms, over the limit of ${limitMs} ms`,
      ),
  };
}

async function openRunner(options: ServeOptions, { journal }: Crashes): Promise<RunnerPool> {
  const { budget, env, log, settings, cacheFolder } = options;
  const { startRunner } = await import('../../workers/pool.js');
  const { watchdogMs: limitMs, inlineRuns, wideRuns } = settings;
  const watch = limitMs > 0 && options.isGuest !== true ? createInlineWatch({ limitMs, log: settings.log }) : undefined;
  const onDeviceGone = (loss: DeviceLoss): void => {
    log.error(loss, 'the GPU is gone for this process: its models are refused until it is back');
    started
      .then((pool) => keepLost(loss, pool, options))
      .catch((err: unknown) => log.error({ err, ...loss }, 'a lost GPU is no longer tried'));
  };
  const started = startRunner({
    workers: budget.workers,
    env,
    weightsCache: { folder: cacheFolder },
    runLimitMs: limitMs,
    ...(options.processMemory === undefined ? {} : { processMemory: options.processMemory }),
    ...(inlineRuns ? { inline: { watch } } : {}),
    ...(wideRuns ? { wideThreads: budget.workers * budget.intraOpThreads } : {}),
    ...(journal === undefined ? {} : { journal }),
    events: { ...toEvents(options, limitMs), onDeviceGone },
  });
  const pool = await started;
  watchGpus(pool.devices, gpuLookMs, {
    read: () => createGpuReader({ env }).read(),
    probe: async (deviceId) => (await import('../../engine/probe/probe.js')).probeProvider('cuda', { deviceId, env }),
    log,
  });
  return pool;
}

/** How often nvidia-smi is asked where models are on its GPUs; and how often a GPU is tried that answered nobody. */
const gpuLookMs = 30_000;
const gpuRetryMs = 60_000;

async function keepLost(
  loss: DeviceLoss,
  { devices }: RunnerPool,
  { env, log, onWornOut }: ServeOptions,
): Promise<void> {
  const { probeProvider } = await import('../../engine/probe/probe.js');
  await keepGpu(loss, {
    probe: ({ provider, deviceId }) => probeProvider(provider, { deviceId, env }),
    isGone: ({ worker }) => devices.gone.includes(worker),
    renew: onWornOut,
    wait: () => new Promise((resolve) => void setTimeout(resolve, gpuRetryMs).unref()),
    log,
  });
}

async function openModels(
  { runner, crashes: { records } }: Surroundings,
  options: BackendOptions,
  listeners: BackendListeners,
): Promise<Backend> {
  const { settings, env, clock, log, temporaryFolder } = options;
  let folder = '';
  try {
    const [{ homes, ...place }, { openRepository }, { createProviderChooser }, trust] = await Promise.all([
      options.models,
      import('../../repository/model-repository.js'),
      import('../settings/provider-choice.js'),
      openTrust(runner, options),
    ]);
    folder = place.root;
    const chooser = createProviderChooser({ wish: settings.executionProvider, requireGpu: settings.requireGpu, env });
    const repository = await openRepository({
      ...place,
      allowLinksTo: [...homes, ...(await resolveFolders(settings.allowLinksTo, log))],
      temporaryFolder,
      runner,
      ...(records === undefined ? {} : { crashes: records }),
      trust,
      ...sizesOf(options),
      clock,
      onEvent: listeners.onModelEvent,
      stateMemory: options.stateMemory,
      onSequences: (event) => logSequencesGone(log, event),
      onTracedRun: listeners.onTracedRun,
      onBatchingOff: (event) => logBatchingOff(log, event),
      chooseProvider: async (execution) => told(log, await chooser.choose(execution)),
      findDevices: chooser.findDevices,
    });
    return { runner, repository };
  } catch (thrown) {
    await runner.close();
    throw explainFolder(thrown, folder);
  }
}

function sizesOf({ budget: { intraOpThreads, cpus }, loop }: ServeOptions) {
  return { intraOpThreads, cpus, processes: loop?.share.count ?? 1 };
}

function told(log: Log, choice: ProviderChoice): ProviderChoice {
  log.debug(choice, 'execution provider');
  return choice;
}

async function openTrust(runner: RunnerPool, { cacheFolder, clock, trustedFile }: ServeOptions): Promise<TrustStore> {
  const { readShipped, TrustStore } = await import('../../repository/proof/trust-store.js');
  return new TrustStore({
    folder: join(cacheFolder, 'trust'),
    userId: process.getuid?.(),
    runtimeVersion: runner.status().runtimeVersion,
    shipped: trustedFile === undefined ? {} : await readShipped(trustedFile),
    clock,
  });
}

/** A folder that is not there now may be mounted later; until then no link leads into it. */
async function resolveFolders(folders: readonly string[], log: Log): Promise<readonly string[]> {
  const absolute = folders.map((folder) => resolve(folder));
  for (const folder of absolute) {
    const isFolder = await stat(folder).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (!isFolder) log.warn({ folder }, 'the folder of --allow-links-to does not exist now');
  }
  return absolute;
}

function explainFolder(thrown: unknown, folder: string): unknown {
  if (!(thrown instanceof AppError) || thrown.code !== 'NOT_FOUND' || folder === '') return thrown;
  return unreadableFolder(folder, thrown);
}
