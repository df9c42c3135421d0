import { AppError } from '../errors.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import { classify, type ClassificationOptions } from './classification.js';
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
  /** Those of them of which the request asks for classes, as these. */
  readonly classes: NamedTensors | undefined;
}

/** A request, with what its classes are named by. */
export interface Classifying extends Pick<Inference, 'request' | 'model'> {
  /** Labels of an output's elements, empty where it has none. */
  readonly labelsOf: (output: string) => readonly string[];
}

/** The outputs of which a request asks for classes, and how; undefined where it asks for none. */
export function classesAsked({ request, model, labelsOf }: Classifying): readonly ClassificationOptions[] | undefined {
  if (request.outputs.every(({ classes }) => classes === undefined)) return undefined;
  return request.outputs.flatMap(({ name, classes }) =>
    classes === undefined ? [] : [{ name, classes, labels: labelsOf(name), isBatched: model.maxRows > 0 }],
  );
}

/** Those outputs as their classes. Throws INVALID_INPUT. */
export function classifyOutputs(outputs: NamedTensors, asked: readonly ClassificationOptions[]): NamedTensors {
  return new Map(asked.map((options) => [options.name, classify(outputOf(outputs, options.name), options)]));
}

function outputOf(outputs: NamedTensors, name: string): Tensor {
  const tensor = outputs.get(name);
  if (tensor === undefined) throw new AppError('INTERNAL', `the model gave no output '${name}'`);
  return tensor;
}

/** The answer to a request: its outputs in the order asked for, as classes where asked, each marked binary or not. */
export function createInferResponse(inference: Inference): InferResponse {
  const { request, model, version, classes } = inference;
  const outputs = new Map<string, Tensor>();
  const binaryOutputs = new Set<string>();
  for (const { name, binary } of request.outputs) {
    outputs.set(name, classes?.get(name) ?? outputOf(inference.outputs, name));
    if (binary ?? request.binaryOutput) binaryOutputs.add(name);
  }
  const nonFiniteTokens = wantsTokens(request.parameters);
  const response = { modelName: model.name, modelVersion: version, outputs, binaryOutputs, nonFiniteTokens };
  return request.id === undefined ? response : { id: request.id, ...response };
}
