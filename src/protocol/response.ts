import { AppError } from '../errors.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import { classify } from './classification.js';
import type { ModelSignature, InferResponse, Parameters } from './types.js';
import type { CheckedRequest } from './validate.js';

/** Request parameter that asks for bare NaN and Infinity tokens in JSON instead of null. */
export const nonFiniteParameter = 'non_finite_tokens';

/** Whether a request asks for them. */
export function wantsTokens(parameters: Parameters): boolean {
  return parameters.get(nonFiniteParameter) === true;
}

/** A request and what its run gave, as answers are written from them. */
export interface Inference {
  readonly request: CheckedRequest;
  readonly model: Pick<ModelSignature, 'name' | 'maxRows'>;
  readonly version: string;
  /** What the model computed: at least the outputs that the request asks for. */
  readonly outputs: NamedTensors;
  /** Labels of an output's elements, empty where it has none. */
  readonly labelsOf: (output: string) => readonly string[];
}

/** The answer to a request: its outputs in the order asked for, classified where asked, each marked binary or not. */
export function createInferResponse(inference: Inference): InferResponse {
  const { request, model, version } = inference;
  const outputs = new Map<string, Tensor>();
  const binaryOutputs = new Set<string>();
  for (const { name, classes, binary } of request.outputs) {
    const tensor = inference.outputs.get(name);
    if (tensor === undefined) throw new AppError('INTERNAL', `model '${model.name}' gave no output '${name}'`);
    const options = { name, labels: inference.labelsOf(name), isBatched: model.maxRows > 0 };
    outputs.set(name, classes === undefined ? tensor : classify(tensor, { ...options, classes }));
    if (binary ?? request.binaryOutput) binaryOutputs.add(name);
  }
  const nonFiniteTokens = wantsTokens(request.parameters);
  const response = { modelName: model.name, modelVersion: version, outputs, binaryOutputs, nonFiniteTokens };
  return request.id === undefined ? response : { id: request.id, ...response };
}
