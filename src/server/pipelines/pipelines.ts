import { AppError } from '../../errors.js';
import type { RepositoryIndexEntry } from '../../protocol/types.js';
import type { ModelReadiness } from '../../repository/types.js';
import type { Log } from '../log/log.js';
import { createSelfCheck, PipelineGraph } from './cycles.js';
import { findPipelines, type PipelinesPlace } from './find-pipelines.js';
import { Judge, type JudgeOptions } from './judge.js';
import { findRemoteProblem, type RemoteStep } from './remote/remote.js';
import { countCalls, runPipeline, type PipelineAnswer, type PipelineCall, type PipelineHost } from './run.js';
import type { StepKeys } from './remote/step-keys.js';
import { describeTarget, type FoundPipeline, type Pipeline, type PipelineState } from './types.js';

/** What pipelines need from the server around them. */
export interface PipelinesOptions extends Pick<JudgeOptions, 'isModel' | 'findModelProblem'> {
  readonly place: () => Promise<PipelinesPlace>;
  readonly keys: StepKeys;
  readonly log: Log;
  /** Of the server. */
  readonly ownNames: readonly string[];
  /** Called when a pipeline may have become ready, or no more. */
  readonly onChange: () => void;
  readonly host: Omit<PipelineHost, 'findPipeline' | 'keys' | 'takeCall'>;
}

/** How soon other servers are asked again: while one of them is not ready, and while all are. */
const waitingMs = 1000;
const steadyMs = 10_000;

/**
 * - Knows every pipeline.json of the model repository; each look at the disk replaces what was known.
 * - Asks other servers whether their models are ready, again and again, while a pipeline needs them.
 */
export class Pipelines {
  readonly #options: PipelinesOptions;
  #found: readonly FoundPipeline[] = [];
  #graph: PipelineGraph;
  readonly #unloaded = new Set<string>();
  /** What came of asking other servers, by step; undefined: it is ready. */
  readonly #asked = new Map<string, string | undefined>();
  readonly #told = new Map<string, string>();
  readonly #isSelf: (url: string) => boolean;
  #ownPort: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PipelinesOptions) {
    this.#options = options;
    this.#isSelf = createSelfCheck({ port: () => this.#ownPort, names: options.ownNames });
    this.#graph = new PipelineGraph([], this.#isSelf);
  }

  /** From here on steps at this address are steps on this server. */
  listensAt(url: string): void {
    this.#ownPort = Number(new URL(url).port);
    this.#graph = new PipelineGraph(this.#found, this.#isSelf);
  }

  /** Looks at the disk, and asks the servers that steps name. */
  async refresh(): Promise<void> {
    await this.#look();
    await this.#probe();
  }

  async #look(): Promise<void> {
    this.#found = await findPipelines(await this.#options.place());
    this.#graph = new PipelineGraph(this.#found, this.#isSelf);
  }

  has(name: string): boolean {
    return this.#graph.byName.has(name) && !this.#options.isModel(name);
  }

  /** A pipeline that can be asked now; undefined where there is none of that name. Throws MODEL_NOT_READY or MODEL_NOT_FOUND. */
  get(name: string): Pipeline | undefined {
    if (!this.has(name)) return undefined;
    const found = this.#graph.configured.get(name);
    const state = this.stateOf(name);
    if (state.state === 'ready' && found !== undefined) return found;
    const reason = state.state === 'ready' ? '' : state.reason;
    throw new AppError(
      state.state === 'failed' ? 'MODEL_NOT_FOUND' : 'MODEL_NOT_READY',
      `Pipeline '${name}': ${reason}.`,
    );
  }

  stateOf(name: string): PipelineState {
    return this.#judge().stateOf(name);
  }

  #judge(): Judge {
    const { isModel, findModelProblem } = this.#options;
    return new Judge({
      ...{ graph: this.#graph, isModel, findModelProblem },
      isUnloaded: (own) => this.#unloaded.has(own),
      findRemoteProblem: (step) => {
        const key = keyOf(step);
        return this.#asked.has(key) ? this.#asked.get(key) : `${describeTarget(step)} was not asked yet`;
      },
    });
  }

  /** Names of those that can be asked now. */
  readyNames(): readonly string[] {
    const judge = this.#judge();
    return this.#found.flatMap(({ name }) => (judge.stateOf(name).state === 'ready' ? [name] : []));
  }

  /** A line for each, as for a model. */
  index(): readonly RepositoryIndexEntry[] {
    const judge = this.#judge();
    return this.#found.map(({ name }) => {
      const state = judge.stateOf(name);
      if (state.state === 'ready') return { name, version: '1', state: 'READY', reason: '' };
      return { name, version: '1', state: state.state === 'waiting' ? 'LOADING' : 'UNAVAILABLE', reason: state.reason };
    });
  }

  /** How far each is that was not unloaded on request. */
  readiness(): readonly ModelReadiness[] {
    const wanted = this.#found.filter(({ name }) => !this.#unloaded.has(name));
    const judge = this.#judge();
    return wanted.map(({ name: model }) => {
      const state = judge.stateOf(model);
      if (state.state === 'ready') return { model, version: '1', state: 'ready' };
      const isFailed = state.state === 'failed';
      const message = `Pipeline '${model}': ${state.reason}.`;
      const code = isFailed ? 'MODEL_INVALID' : 'MODEL_NOT_READY';
      return { model, version: '1', state: isFailed ? 'failed' : 'loading', code, message };
    });
  }

  /** Reads it again; answers whether there is one of that name. */
  async load(name: string): Promise<boolean> {
    await this.#look();
    this.#unloaded.delete(name);
    const asked = this.#probe();
    if (!this.has(name)) return false;
    await asked;
    return true;
  }

  unload(name: string): void {
    this.#unloaded.add(name);
    this.tell();
  }

  run(pipeline: Pipeline, call: PipelineCall): Promise<PipelineAnswer> {
    const { host, keys } = this.#options;
    return runPipeline(pipeline, call, {
      ...host,
      keys,
      findPipeline: (name) => this.get(name),
      takeCall: countCalls(),
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Logs what changed of each since it was told last. */
  tell(): void {
    for (const name of this.#told.keys()) {
      if (this.#graph.byName.has(name)) continue;
      this.#told.delete(name);
      this.#options.log.info({ pipeline: name }, 'pipeline removed');
    }
    const judge = this.#judge();
    for (const { name } of this.#found) {
      const state = judge.stateOf(name);
      const told = state.state === 'ready' ? state.state : `${state.state}: ${state.reason}`;
      if (this.#told.get(name) === told) continue;
      this.#told.set(name, told);
      const { log } = this.#options;
      if (state.state === 'ready') log.info({ pipeline: name }, 'pipeline ready');
      else if (state.state === 'waiting') log.info({ pipeline: name, reason: state.reason }, 'pipeline waits');
      else log.error({ pipeline: name, reason: state.reason }, 'pipeline cannot be served');
    }
  }

  async #probe(): Promise<void> {
    clearTimeout(this.#timer);
    const isOver = (): boolean => this.#isClosed;
    if (isOver()) return;
    const steps = new Map<string, RemoteStep>();
    for (const { config } of this.#graph.configured.values()) {
      for (const step of config.steps) {
        if (step.url !== undefined) steps.set(keyOf(step as RemoteStep), step as RemoteStep);
      }
    }
    for (const key of this.#asked.keys()) if (!steps.has(key)) this.#asked.delete(key);
    const asked = [...steps].map(async ([key, step]) => {
      this.#asked.set(key, await findRemoteProblem(step, this.#options.keys));
    });
    await Promise.all(asked);
    if (isOver()) return;
    this.tell();
    this.#options.onChange();
    if (steps.size === 0) return;
    const againMs = [...steps.keys()].some((key) => this.#asked.get(key) !== undefined) ? waitingMs : steadyMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#probe(), againMs).unref();
  }
}

const keyOf = ({ url, model, version = '', key = '' }: RemoteStep): string => [url, model, version, key].join(' ');
