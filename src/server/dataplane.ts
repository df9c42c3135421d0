import { AppError, refusal } from '../errors.js';
import type { VersionStatus } from '../protocol/v1/encode.js';
import type { ServerHealth } from '../protocol/server-health.js';
import { extensions, type RepositoryIndexEntry } from '../protocol/types.js';
import type { LoadOverrides, ModelReadiness, ServableModel } from '../repository/types.js';
import type { ThreadBudget } from '../resources/types.js';
import { checkOverride } from './access/override-limits.js';
import type { Changed, ModelChange } from './loop/messages.js';
import type { LoopLink } from './loop/loop-link.js';
import { sumStatistics } from './loop/sum-statistics.js';
import type { Lifecycle } from './lifecycle.js';
import { describeConfig, describeModel, type DescribeOptions } from './describe/model-description.js';
import { describeStatistics } from './describe/model-statistics.js';
import { hidePaths } from './describe/private-paths.js';
import { describeV1 } from './describe/v1-description.js';
import { describePipeline } from './pipelines/describe.js';
import type { Pipelines } from './pipelines/pipelines.js';
import type { PipelineAnswer, PipelineCall } from './pipelines/run.js';
import type { Pipeline } from './pipelines/types.js';
import type { Settings } from './settings/settings.js';

/** What the dataplane is made of. */
export interface DataplaneDeps {
  readonly lifecycle: Lifecycle;
  readonly settings: Settings;
  readonly version: string;
  readonly budget: ThreadBudget;
  readonly pipelines: Pipelines;
  /** Where other processes are the same server. */
  readonly loop: LoopLink | undefined;
}

/** What the start found out, for `/v2`. */
export interface StartFacts {
  readonly provider: string;
  /** Why each provider that is used was chosen over others; one line for all models of the same choice. */
  readonly choices: readonly string[];
  readonly budget: ThreadBudget;
  readonly models: readonly ServableModel[];
  readonly index: readonly RepositoryIndexEntry[];
  readonly readiness: readonly ModelReadiness[];
}

/** What the server can be asked about itself and its models. Knows no transport. Throws AppError. */
export class Dataplane {
  readonly #deps: DataplaneDeps;

  constructor(deps: DataplaneDeps) {
    this.#deps = deps;
  }

  /** Name, version and extensions, and in `slipway` what this process computes with. */
  describeServer(): object {
    const { settings, version, budget, loop } = this.#deps;
    const { executionProvider, requireGpu, limits } = settings;
    const { bodyBytes, pixels, headerBytes, connections } = limits;
    const slipway = {
      execution_provider: executionProvider,
      devices: [...new Set(this.readyModels().flatMap((model) => model.devices))],
      models: this.readyNames(),
      require_gpu: requireGpu,
      threads: budget,
      limits: { bodyBytes, pixels, headerBytes, connections },
      ...(loop === undefined ? {} : { http_loops: loop.share.count }),
    };
    return { name: settings.serverName, version, extensions, slipway };
  }

  /** What a person is told when the server has started. */
  describeStart(): StartFacts {
    const { settings, budget } = this.#deps;
    const models = this.readyModels();
    const devices = [...new Set(models.flatMap((model) => model.devices))];
    const provider = `${devices.join(', ') || 'none'} (asked for: ${settings.executionProvider}${settings.requireGpu ? ', GPU required' : ''})`;
    const choices = [...new Set(models.map(({ providerReason }) => providerReason))];
    return { provider, choices, budget, models, index: this.#entries(), readiness: this.readiness() };
  }

  /** Whether requests should be sent here; if not, why, and whether that passes by itself. */
  health(): ServerHealth {
    const own = this.ownHealth();
    return this.#deps.loop?.judge(own) ?? own;
  }

  /** The same without other HTTP loops. */
  ownHealth(): ServerHealth {
    return this.#deps.lifecycle.health();
  }

  /** How far every version is that is to be served. */
  readiness(): readonly ModelReadiness[] {
    return this.#deps.lifecycle.readiness();
  }

  /** Every version that is ready; none while the server starts. */
  readyModels(): readonly ServableModel[] {
    const { phase } = this.#deps.lifecycle;
    return 'repository' in phase ? (phase.repository?.ready() ?? []) : [];
  }

  /** Their names, each once. */
  readyNames(): readonly string[] {
    return [...new Set(this.readyModels().map(({ name }) => name))];
  }

  /** Names of what can be asked: models, and pipelines of them. */
  servedNames(): readonly string[] {
    return [...this.readyNames(), ...this.#deps.pipelines.readyNames()].sort();
  }

  /** A pipeline that is ready, which has only version 1; undefined where a name is none of one. Throws MODEL_NOT_READY or MODEL_NOT_FOUND. */
  findPipeline(name: string, version: string | undefined): Pipeline | undefined {
    const pipeline = this.#deps.pipelines.get(name);
    if (pipeline === undefined || (version ?? '1') === '1') return pipeline;
    throw new AppError('MODEL_NOT_FOUND', `Pipeline '${name}' has only version 1.`);
  }

  runPipeline(pipeline: Pipeline, call: PipelineCall): Promise<PipelineAnswer> {
    return this.#deps.pipelines.run(pipeline, call);
  }

  /** Whether a ready model makes its input from images. */
  get takesImages(): boolean {
    return this.readyModels().some(({ config }) => config.image !== undefined);
  }

  /** The version named, or the highest ready one. */
  model(name: string, version: string | undefined): ServableModel {
    if (this.#deps.pipelines.has(name)) {
      const text = `'${name}' is a pipeline of models, which has no tensors: send an image to POST /predictions/${name}`;
      throw new AppError('INVALID_INPUT', text);
    }
    return this.#deps.lifecycle.repository.get(name, version);
  }

  describeModel(name: string, version: string | undefined, options: Pick<DescribeOptions, 'wholeMetadata'>): object {
    const pipeline = this.findPipeline(name, version);
    if (pipeline !== undefined) return describePipeline(pipeline);
    const model = this.model(name, version);
    return describeModel(model, { ...options, versions: this.#deps.lifecycle.repository.versions(name) });
  }

  /** State of every version of a model as version 1 of the protocols reports it, or of one. Throws MODEL_NOT_FOUND. */
  versionStates(name: string, version: string | undefined): readonly VersionStatus[] {
    const entries = this.index(false).filter((entry) => entry.name === name);
    const wanted = version === undefined ? entries : entries.filter((entry) => entry.version === version);
    if (wanted.length === 0) {
      const shown = version === undefined ? `Latest(${name})` : `Specific(${name}, ${version})`;
      throw refusal('MODEL_NOT_FOUND', `Servable not found for request: ${shown}`);
    }
    return wanted.map(({ version: own = '', state, reason }) => {
      return state === 'READY' ? { version: own, isReady: true } : { version: own, isReady: false, reason };
    });
  }

  describeV1(name: string, version: string | undefined): object {
    return describeV1(this.model(name, version));
  }

  describeConfig(name: string, version: string | undefined): object {
    return describeConfig(this.model(name, version));
  }

  /** Statistics of one model's ready versions, of one version, or of everything. */
  describeStatistics(name?: string, version?: string): object {
    const { repository } = this.#deps.lifecycle;
    if (name === undefined) return { model_stats: repository.ready().map(describeStatistics) };
    const asked = this.model(name, version);
    if (version !== undefined) return { model_stats: [describeStatistics(asked)] };
    const versions = repository.versions(name).map((each) => repository.get(name, each));
    return { model_stats: versions.map(describeStatistics) };
  }

  /** The same of every HTTP loop together. */
  async describeWholeStatistics(name?: string, version?: string): Promise<object> {
    const own = this.describeStatistics(name, version);
    const answers = await this.#deps.loop?.askAll({ what: 'statistics', name, version });
    return answers === undefined ? own : sumStatistics(answers as readonly object[]);
  }

  /** Whether requests to a model, or to one of its versions, are taken; not where it is unknown. */
  isModelReady(name: string, version: string | undefined): boolean {
    const { pipelines } = this.#deps;
    if (pipelines.has(name)) return pipelines.stateOf(name).state === 'ready' && (version ?? '1') === '1';
    return this.readyModels().some((model) => model.name === name && (version ?? model.version) === model.version);
  }

  /** Every model version known, or only the ready ones; for clients, so without paths of this machine. */
  index(readyOnly: boolean): readonly RepositoryIndexEntry[] {
    const entries = this.#entries().filter(({ state }) => !readyOnly || state === 'READY');
    return entries.map((entry) => ({ ...entry, reason: hidePaths(entry.reason) }));
  }

  #entries(): readonly RepositoryIndexEntry[] {
    const { lifecycle, pipelines } = this.#deps;
    return [...lifecycle.repository.index(), ...pipelines.index()];
  }

  async load(name: string, overrides: LoadOverrides): Promise<void> {
    const { configText } = overrides;
    if (configText !== undefined) checkOverride(configText, this.#deps.budget);
    await this.#change({ action: 'load', model: name, overrides });
  }

  unload(name: string): Promise<void> {
    return this.#change({ action: 'unload', model: name });
  }

  /** In every HTTP loop, where there are several. */
  async #change(change: ModelChange): Promise<void> {
    this.#controlled();
    const { loop } = this.#deps;
    if (loop === undefined) await this.changeHere(change);
    else await loop.askAll({ what: 'change', change });
  }

  /** Loads or unloads a model in this process. */
  async changeHere(change: ModelChange): Promise<Changed> {
    const repository = this.#controlled();
    const { pipelines } = this.#deps;
    const { model } = change;
    const wasReady = this.isModelReady(model, undefined);
    if (change.action === 'unload') {
      if (pipelines.has(model)) pipelines.unload(model);
      else await repository.unload(model);
    } else if (!(await pipelines.load(model))) await repository.load(model, change.overrides);
    return { wasReady };
  }

  #controlled() {
    const { settings, lifecycle } = this.#deps;
    if (settings.modelControl === 'explicit') return lifecycle.repository;
    const text = 'explicit model load / unload is not allowed if polling is enabled';
    throw new AppError('CONTROL_DISABLED', `${text} (--model-control-mode ${settings.modelControl})`);
  }
}
