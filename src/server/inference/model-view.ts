import { findFailingFused, findFailingOnEmpty } from '../../model/onnx/hazards/empty-tensors.js';
import type { BatchingConfig, SequenceConfig } from '../../model/config.js';
import { omitUndefined } from '../../omit-undefined.js';
import { mostRequestRows } from '../../model/complete/complete-batching.js';
import type { ModelSignature, StateNames } from '../../protocol/types.js';
import type { ServableModel } from '../../repository/types.js';

/** What requests to one model version need again and again, made once. */
export interface ModelView {
  readonly model: ServableModel;
  /** Batching as it was when the view was made: it may be turned off while the model serves. */
  readonly batching: BatchingConfig;
  readonly signature: ModelSignature;
  /** Names of every output, in the model's order. */
  readonly outputNames: readonly string[];
  /** Labels of an output's elements, empty where it has none. */
  readonly labelsOf: (output: string) => readonly string[];
}

const views = new WeakMap<ServableModel, ModelView>();
const none: readonly string[] = [];

/** The view of a loaded model; the same one as long as it is loaded and batches as before. */
export function viewOf(model: ServableModel): ModelView {
  const known = views.get(model);
  if (known !== undefined && known.batching === model.config.batching) return known;
  const view = createView(model);
  views.set(model, view);
  return view;
}

function createView(model: ServableModel): ModelView {
  const { name, inputs, outputs, config, labels } = model;
  const { image, classification, batching, sequences } = config;
  const { operators, sharedDimensions, emptySums } = model.header;
  const failsOnEmpty = findFailingOnEmpty(operators);
  const ownLabels = new Map(model.header.outputs.map((output) => [output.name, output.labels]));
  return {
    model,
    batching,
    signature: {
      name,
      inputs,
      defaultedInputs: model.header.defaultedInputs,
      outputs,
      maxRows: mostRequestRows(batching),
      failsOnEmpty: failsOnEmpty ?? findFailingFused(operators),
      takesEmptyCaches: failsOnEmpty === undefined,
      ...omitUndefined({ sharedDimensions, emptySums }),
      ...(image === undefined ? {} : { imageInputs: new Set([image.input]) }),
      ...(sequences === undefined ? {} : { state: stateNames(sequences) }),
    },
    outputNames: outputs.map((output) => output.name),
    labelsOf: (output) => (output === classification?.output ? labels : (ownLabels.get(output) ?? none)),
  };
}

const stateNames = ({ state }: SequenceConfig): StateNames => ({
  inputs: new Set(state.map(({ input }) => input)),
  outputs: new Set(state.map(({ output }) => output)),
});
