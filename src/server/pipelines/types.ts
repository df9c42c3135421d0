import type { PipelineConfig, StepConfig } from '../../model/pipeline/pipeline-json.js';

/** Calls of steps for one image, in all pipelines that it comes through: steps in steps and boxes in boxes multiply. */
export const mostCalls = 4096;

/** A folder with a pipeline.json. */
export type FoundPipeline =
  { readonly name: string; readonly config: PipelineConfig } | { readonly name: string; readonly problem: string };

/** A pipeline that can be asked once its steps are ready. */
export interface Pipeline {
  readonly name: string;
  readonly config: PipelineConfig;
}

/** Whether a pipeline can be asked now. `failed` does not pass by itself. */
export type PipelineState =
  | { readonly state: 'ready' }
  | { readonly state: 'waiting'; readonly reason: string }
  | { readonly state: 'failed'; readonly reason: string };

/** What a step answered about one image, without what every answer says of its model. */
export type StepAnswer = Readonly<Record<string, unknown>>;

/** One answered call of a step. */
export interface StepCall {
  readonly answer: StepAnswer;
  readonly device: string;
  readonly version: string;
}

/** `model 'm'`, `model 'm' at http://faces:8000`, for messages. */
export function describeTarget({ model, url }: Pick<StepConfig, 'model' | 'url'>): string {
  return url === undefined ? `model '${model}'` : `model '${model}' at ${url}`;
}

/** What every answer says of its model, beside what it says of the image. */
const heads: ReadonlySet<string> = new Set(['model_name', 'model_version', 'device', 'timings', 'steps']);

/** What an answer says of the image. */
export function withoutHead(answer: Readonly<Record<string, unknown>>): StepAnswer {
  return Object.fromEntries(Object.entries(answer).filter(([name]) => !heads.has(name)));
}
