import type { StepConfig } from '../../model/pipeline/pipeline-json.js';
import type { PipelineGraph } from './cycles.js';
import type { RemoteStep } from './remote/remote.js';
import { describeTarget, type Pipeline, type PipelineState } from './types.js';

/** What is known of everything that steps may name. */
export interface JudgeOptions {
  readonly graph: PipelineGraph;
  readonly isModel: (name: string) => boolean;
  readonly isUnloaded: (name: string) => boolean;
  /** Why a model of this server cannot be asked now, and whether that is final; undefined where it can. */
  readonly findModelProblem: (
    name: string,
    version: string | undefined,
  ) => { readonly reason: string; readonly isFinal: boolean } | undefined;
  readonly findRemoteProblem: (step: RemoteStep) => string | undefined;
}

/** Says of pipelines and steps whether they can be asked now, and if not, why. Remembers what it found on the way: it is for one moment. */
export class Judge {
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
    const { graph, isUnloaded, isModel } = this.#options;
    const own = graph.byName.get(name);
    if (own === undefined) return { state: 'failed', reason: 'there is no such pipeline' };
    if (isUnloaded(name)) return { state: 'failed', reason: 'it was unloaded on request' };
    if (isModel(name)) {
      return { state: 'failed', reason: 'its folder holds a model as well: remove pipeline.json, or the model' };
    }
    return 'problem' in own ? { state: 'failed', reason: own.problem } : this.#stateOfSteps(own);
  }

  #stateOfSteps({ name, config }: Pipeline): PipelineState {
    const tangle = this.#options.graph.tangleOf(name);
    if (tangle !== undefined) return { state: 'failed', reason: tangle };
    for (const step of config.steps) {
      const state = this.stateOfStep(step);
      if (state.state !== 'ready') return { ...state, reason: `step '${step.name}': ${state.reason}` };
    }
    return { state: 'ready' };
  }

  stateOfStep(step: StepConfig): PipelineState {
    const { graph, isModel, findModelProblem, findRemoteProblem } = this.#options;
    if (step.url !== undefined) {
      const problem = findRemoteProblem(step as RemoteStep);
      return problem === undefined ? { state: 'ready' } : { state: 'waiting', reason: problem };
    }
    if (!isModel(step.model) && graph.byName.has(step.model)) return this.stateOf(step.model);
    const problem = findModelProblem(step.model, step.version);
    if (problem === undefined) return { state: 'ready' };
    return {
      state: problem.isFinal ? 'failed' : 'waiting',
      reason: `${describeTarget(step)} is not ready: ${problem.reason}`,
    };
  }
}
