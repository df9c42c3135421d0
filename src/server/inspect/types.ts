import type { OnnxHeader } from '../../model/config.js';
import type { ModelJson } from '../../model/config-schema.js';
import type { StepConfig } from '../../model/pipeline/pipeline-json.js';
import type { ModelMetadata } from '../../protocol/types.js';

/** What the server would make of one version of a model, or of a model without one. */
export type Inspection = {
  readonly name: string;
  readonly version?: string;
  readonly path?: string;
} & (
  | {
      readonly state: 'servable';
      /** model.json with what was found beside it. */
      readonly config: ModelJson;
      /** As `GET /v2/models/<name>` has it, less what only a server knows. */
      readonly model: ModelMetadata;
      readonly ir_version: number;
      /** Operators, each with the number of its nodes. */
      readonly operators: OnnxHeader['operators'];
      /** Files with weights beside the model file. */
      readonly external_data: readonly string[];
    }
  | { readonly state: 'refused' | 'not served'; readonly reason: string }
);

/** What the server would make of one pipeline. Models of other servers are not asked. */
export type PipelineInspection = { readonly name: string; readonly path: string } & (
  | {
      readonly state: 'servable' | 'refused';
      /** Why it is refused. */
      readonly reason?: string;
      readonly description: string;
      readonly steps: readonly StepInspection[];
    }
  | { readonly state: 'refused'; readonly reason: string; readonly steps?: undefined }
);

/** A step of a pipeline, and whether it could be served. */
export type StepInspection = StepConfig & {
  readonly state: 'servable' | 'refused' | 'not asked';
  readonly reason?: string;
};

/** What the server would make of everything that a path names. */
export interface Inspections {
  readonly models: readonly Inspection[];
  readonly pipelines: readonly PipelineInspection[];
}
