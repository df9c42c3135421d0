import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { disableTelemetry } from '../engine/telemetry.js';
import { decideTf32 } from '../engine/tf32.js';
import { omitUndefined } from '../omit-undefined.js';
import { readCpuBudget } from '../resources/cpu-budget.js';
import { defaultRequestMemory, limitProcessMemory, readMemoryLimit } from '../resources/memory-limit.js';
import { divideThreads } from '../resources/thread-budget.js';
import type { ThreadBudget } from '../resources/types.js';
import { isRemote, parseLocation } from '../store/location.js';
import { readOwnNames } from './access/known-names.js';
import { readKeys } from './access/keys.js';
import { readTls } from './access/tls.js';
import type { Log } from './log/log.js';
import { divideCpus, divideSettings } from './loop/divide.js';
import { keepTick } from './loop/kept-tick.js';
import type { LoopLink } from './loop/loop-link.js';
import type { RunningServer } from './serve.js';
import { checkFolder, findModelsPlace, findNamedModel, type ModelsPlace } from './settings/models-place.js';
import type { Settings } from './settings/settings.js';
import type { Succession } from './supervision/succession.js';

/** This package's version. */
export const { version } = createRequire(import.meta.url)('../../../package.json') as { readonly version: string };

/** The models that come with this package. */
export const bundledModels = fileURLToPath(new URL('../../../models', import.meta.url));

/** What a process lends to the server that it starts. */
export interface LentProcess {
  /** The main thread's own: the runtime's telemetry is turned off in it. */
  readonly env: NodeJS.ProcessEnv;
  readonly homeFolder: string;
  readonly temporaryFolder: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Ends the fetching of models, and the looks at files of keys and certificates. */
  readonly ending: AbortSignal;
  /** How the server before this one ended: `pid:SIGNAL`. */
  readonly ended?: string | undefined;
  /** How it takes ports over from another process, and leaves them. */
  readonly succession?: Succession | undefined;
  /** Where it is one of several processes that are one server. */
  readonly loop?: LoopLink | undefined;
  /** Whether the process is another program's, which nothing here may end. */
  readonly isGuest?: boolean;
  /** A run passed its limit, or no worker thread is started any more. */
  readonly onStuck: (what: string) => void;
  /** What runs is to finish, and another process is to be started in this one's stead. */
  readonly onWornOut: (what: string) => void;
}

/** Starts a server from its settings and what its process lends: reads what they name, then listens. Throws what `startServer` throws. */
export async function startFrom(given: Settings, log: Log, lent: LentProcess): Promise<RunningServer> {
  keepTick();
  const { env, ending, loop } = lent;
  const settings = loop === undefined ? given : divideSettings(given, loop.share, loop.ports);
  disableTelemetry(env);
  decideTf32(env, settings.tf32);
  const cacheFolder = resolve(
    settings.cacheDir ?? join(env['XDG_CACHE_HOME'] ?? join(lent.homeFolder, '.cache'), 'slipway'),
  );
  const [models, budget, memory, keys, tls, ownNames, { startServer }] = await Promise.all([
    locateModels(settings, { cacheFolder, log, lent }),
    readBudget(settings, lent),
    readMemory(settings, loop?.share.count ?? 1),
    readKeys(settings.auth, log, ending),
    settings.tls === undefined ? undefined : readTls(settings.tls, log, ending),
    readOwnNames(),
    import('./serve.js'),
  ]);
  return startServer({
    settings,
    models: 'coming' in models ? models.coming : models,
    cacheFolder,
    trustedFile: join(bundledModels, 'trusted.json'),
    temporaryFolder: lent.temporaryFolder,
    keys,
    tls,
    ownNames,
    version,
    ...omitUndefined({ ended: lent.ended, succession: lent.succession, isGuest: lent.isGuest, loop }),
    processTag: Math.random().toString(36).slice(2, 8),
    budget,
    ...memory,
    env,
    log,
    clock: lent.now,
    onStuck: lent.onStuck,
    onWornOut: lent.onWornOut,
  });
}

function findModels(models: string, modelName: string | undefined): Promise<ModelsPlace> {
  return modelName === undefined ? findModelsPlace(models) : findNamedModel(models, modelName);
}

/** Where the models are; a promise of it, for a server that listens meanwhile, where they are fetched first. */
async function locateModels(
  { models = bundledModels, modelName }: Settings,
  { cacheFolder, log, lent }: { readonly cacheFolder: string; readonly log: Log; readonly lent: LentProcess },
): Promise<ModelsPlace | { readonly coming: Promise<ModelsPlace> }> {
  if (!isRemote(models)) {
    const place = await findModels(models, modelName);
    await checkFolder(place);
    return place;
  }
  parseLocation(models);
  const { fetchModels } = await import('./backend/fetch-models.js');
  const { lendStoreWorld } = await import('../store/world.js');
  const { env, homeFolder, now, ending: signal } = lent;
  const world = lendStoreWorld({ env, homeFolder, now, signal });
  const coming = fetchModels(models, { cacheFolder, world, log }).then((path) => findModels(path, modelName));
  coming.catch(() => undefined);
  return { coming };
}

/** libuv's pool is as large as the environment said when the first file was read: bin/thread-pool.cjs sets that. */
async function readBudget({ workers, intraOpThreads }: Settings, { env, loop }: LentProcess): Promise<ThreadBudget> {
  const ioThreads = Number(env['UV_THREADPOOL_SIZE'] ?? 4);
  const cpus = await readCpuBudget();
  return divideThreads(loop === undefined ? cpus : divideCpus(cpus, loop.share), {
    ...(workers === 'auto' ? {} : { workers }),
    ...(intraOpThreads === 'auto' ? {} : { intraOpThreads }),
    ...(Number.isInteger(ioThreads) && ioThreads > 0 ? { ioThreads } : {}),
  });
}

/** A setting is divided among HTTP loops before; the memory of all is here. */
async function readMemory({ limits }: Settings, loops: number) {
  const { bytes, source } = await readMemoryLimit();
  const limit = { bytes: Math.floor(bytes / loops), source };
  const requestMemoryBytes = limits.requestMemory === 'auto' ? defaultRequestMemory(limit) : limits.requestMemory;
  return { requestMemoryBytes, processMemory: limitProcessMemory(limit, requestMemoryBytes) };
}
