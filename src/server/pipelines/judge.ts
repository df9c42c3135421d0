import type { StepConfig } from '../../model/pipeline/pipeline-json.js';
import { depthOf, findCircle } from './cycles.js';
import type { RemoteStep } from './remote/remote.js';
import { mostHops } from './remote/trail.js';
import { describeTarget, type FoundPipeline, type Pipeline, type PipelineState } from './types.js';

/** What is known of everything that steps may name. */
export interface JudgeOptions {
  readonly found: readonly FoundPipeline[];
  readonly isModel: (name: string) => boolean;
  readonly isUnloaded: (name: string) => boolean;
  /** Whether an address is this server's. */
  readonly isSelf: (url: string) => boolean;
  /** Why a model of this server cannot be asked now, and whether that is final; undefined where it can. */
  readonly findModelProblem: (
    name: string,
    version: string | undefined,
  ) => { readonly reason: string; readonly isFinal: boolean } | undefined;
  readonly findRemoteProblem: (step: RemoteStep) => string | undefined;
}

/** Whether a pipeline can be asked now, and if not, why. */
export function judgePipeline(name: string, options: JudgeOptions): PipelineState {
  return new Judge(options).stateOf(name);
}

/** Whether one step of a pipeline can be. */
export function judgeStep(step: StepConfig, options: JudgeOptions): PipelineState {
  return new Judge(options).stateOfStep(step);
}

/** Those whose file was read, by name. */
export const configured = (found: readonly FoundPipeline[]): ReadonlyMap<string, Pipeline> =>
  new Map(found.flatMap((one) => ('config' in one ? [[one.name, one] as const] : [])));

/** Remembers states found on the way, since several steps may ask the same pipeline. */
class Judge {
  readonly #options: JudgeOptions;
  readonly #known = new Map<string, PipelineState>();

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  stateOf(name: string): PipelineState {
    const state = this.#known.get(name) ?? this.#judge(name);
    this.#known.set(name, state);
    return state;
  }

  #judge(name: string): PipelineState {
    const { found, isUnloaded, isModel } = this.#options;
    const own = found.find((one) => one.name === name);
    if (own === undefined) return { state: 'failed', reason: 'there is no such pipeline' };
    if (isUnloaded(name)) return { state: 'failed', reason: 'it was unloaded on request' };
    if (isModel(name)) {
      return { state: 'failed', reason: 'its folder holds a model as well: remove pipeline.json, or the model' };
    }
    return 'problem' in own ? { state: 'failed', reason: own.problem } : this.#stateOfSteps(own);
  }

  #stateOfSteps({ name, config }: Pipeline): PipelineState {
    const { found, isSelf } = this.#options;
    const all = configured(found);
    const circle = findCircle(name, all, isSelf);
    if (circle !== undefined) {
      return { state: 'failed', reason: `its steps form a cycle: ${circle.map((one) => `'${one}'`).join(' -> ')}` };
    }
    const depth = depthOf(name, all, isSelf);
    if (depth > mostHops) {
      return {
        state: 'failed',
        reason: `its steps lead through ${depth} pipelines, one inside the other: a request may come through ${mostHops}`,
      };
    }
    for (const step of config.steps) {
      const state = this.stateOfStep(step);
      if (state.state !== 'ready') return { ...state, reason: `step '${step.name}': ${state.reason}` };
    }
    return { state: 'ready' };
  }

  stateOfStep(step: StepConfig): PipelineState {
    const { found, isModel, findModelProblem, findRemoteProblem } = this.#options;
    if (step.url !== undefined) {
      const problem = findRemoteProblem(step as RemoteStep);
      return problem === undefined ? { state: 'ready' } : { state: 'waiting', reason: problem };
    }
    if (!isModel(step.model) && found.some(({ name }) => name === step.model)) return this.stateOf(step.model);
    const problem = findModelProblem(step.model, step.version);
    if (problem === undefined) return { state: 'ready' };
    return {
      state: problem.isFinal ? 'failed' : 'waiting',
      reason: `${describeTarget(step)} is not ready: ${problem.reason}`,
    };
  }
}
