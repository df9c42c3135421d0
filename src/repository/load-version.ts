import { join } from 'node:path';
import type { SessionSpec } from '../engine/engine.js';
import { isBatchingAutomatic } from '../model/complete-batching.js';
import { checkLabels } from '../model/complete-classification.js';
import { completeConfig } from '../model/complete-config.js';
import type { ModelJson } from '../model/config-schema.js';
import type { ExecutionConfig, ModelConfig, OnnxHeader, ProviderName } from '../model/config.js';
import { readLabels } from '../model/labels.js';
import type { PendingRun, Runner, RunnerSession } from '../workers/runner.js';
import { joinWatches, takeFingerprint, type Watch } from './fingerprint.js';
import { Servable } from './servable.js';
import { takeSnapshot, type Snapshot } from './snapshot.js';
import { proveBatching, warmUp } from './warm-up.js';

/** What every load needs, whatever the model. */
export interface LoaderOptions {
  readonly runner: Runner;
  /** Threads of one run where model.json does not say. */
  readonly intraOpThreads: number;
  /** Which provider a model gets, with one line why. Rejects with DEVICE_UNAVAILABLE where none fits. */
  readonly chooseProvider: (execution: ExecutionConfig) => Promise<ProviderChoice>;
  /** A private folder for copies of model files. */
  readonly snapshotFolder: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export interface ProviderChoice {
  readonly provider: ProviderName;
  readonly deviceId?: number;
  readonly reason: string;
}

/** One version to load. */
export interface VersionRequest {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  /** Folder of the labels; a lone model file has none. */
  readonly folder?: string;
  readonly json: ModelJson;
}

/** A version that is warm, with the files that it came from. */
export interface LoadedVersion {
  readonly servable: Servable;
  readonly watch: Watch;
  /** Whether those files still hold what was loaded. */
  isCurrent(): Promise<boolean>;
}

/** Loads one version and warms it. Rejects with the reason, and leaves nothing behind then. */
export async function loadVersion(request: VersionRequest, options: LoaderOptions): Promise<LoadedVersion> {
  const snapshot = await takeSnapshot(request.path, options.snapshotFolder);
  try {
    const labels = await readLabelFile(request);
    const servable = await loadServable({ ...request, labels: labels.lines }, snapshot, options);
    const isCurrent = async (): Promise<boolean> => {
      const now = await readLabelFile(request).catch(() => undefined);
      return now?.lines.join('\n') === labels.lines.join('\n') && (await snapshot.isCurrent());
    };
    return { servable, watch: joinWatches(labels.watch, snapshot.watch), isCurrent };
  } catch (error) {
    await snapshot.remove();
    throw error;
  }
}

interface LabelFile {
  readonly lines: readonly string[];
  readonly watch: Watch;
}

async function readLabelFile({ json, folder }: VersionRequest): Promise<LabelFile> {
  const name = json.classification?.labels;
  if (name === undefined || folder === undefined) return { lines: [], watch: { paths: [], fingerprint: '' } };
  const paths = [join(folder, name)];
  const fingerprint = await takeFingerprint(paths);
  return { lines: await readLabels(folder, name), watch: { paths, fingerprint } };
}

async function loadServable(
  { name, version, json, labels }: VersionRequest & { readonly labels: readonly string[] },
  snapshot: Snapshot,
  options: LoaderOptions,
): Promise<Servable> {
  const { header } = snapshot;
  const { execution } = completeConfig(json, header, 'cpu');
  const choice = await options.chooseProvider(execution);
  const wished = completeConfig(json, header, choice.provider);
  if (wished.classification?.labels !== undefined) checkLabels(wished.classification, labels, header);
  const holder: { servable?: Servable } = {};
  const next = (): PendingRun | undefined => holder.servable?.next();
  const session = await options.runner.load(specOf(wished, choice, { name, version, snapshot, options }), {
    instances: choice.provider === 'cpu' ? wished.instances.cpu : wished.instances.gpu,
    next,
  });
  try {
    const { config, notes } = await prepare(session, header, {
      wished,
      isAutomatic: isBatchingAutomatic(json.batching),
    });
    const hints = [...(json.execution?.providers ? [choice.reason] : []), ...inPlaceNote(snapshot), ...notes];
    const parts = { name, version, config, header, labels, notes: hints, session, clock: options.clock };
    holder.servable = new Servable({ ...parts, onReleased: () => snapshot.remove() });
    return holder.servable;
  } catch (error) {
    await session.unload();
    throw error;
  }
}

function specOf(
  config: ModelConfig,
  choice: ProviderChoice,
  of: {
    readonly name: string;
    readonly version: string;
    readonly snapshot: Snapshot;
    readonly options: LoaderOptions;
  },
): SessionSpec {
  return {
    modelPath: of.snapshot.modelPath,
    logId: `${of.name}/${of.version}`,
    provider: choice.provider,
    deviceId: choice.deviceId ?? 0,
    strict: config.execution.requireGpu,
    intraOpThreads: config.execution.intraOpThreads ?? of.options.intraOpThreads,
    optimised: false,
  };
}

function inPlaceNote({ isPrivate, reason }: Snapshot): readonly string[] {
  if (isPrivate) return [];
  return [
    `The model's files are used where they lie, since no private copy could be made (${reason ?? ''}): do not change them while they are served.`,
  ];
}

/** Proves batching where it is automatic, then warms what is left. */
async function prepare(
  session: RunnerSession,
  header: OnnxHeader,
  { wished, isAutomatic }: { readonly wished: ModelConfig; readonly isAutomatic: boolean },
): Promise<{ readonly config: ModelConfig; readonly notes: readonly string[] }> {
  const notes: string[] = [];
  let config = wished;
  const obstacle =
    isAutomatic && config.batching.maxRows > 0 ? await proveBatching({ session, header, config }) : undefined;
  if (obstacle !== undefined) {
    config = { ...config, batching: { ...config.batching, maxRows: 0, buckets: [] } };
    notes.push(`Batching is off: ${obstacle}. Set batching.maxRows in model.json to turn it on or to confirm 0.`);
  }
  const problem = config.warmup ? await warmUp({ session, header, config }) : undefined;
  if (problem !== undefined) notes.push(`Warm-up was skipped: ${problem}`);
  return { config, notes };
}
