import { encodeTensors, joinBody } from './encode-tensors.js';
import type { EncodedResponse, InferResponse } from './types.js';

/** Writes an answer: JSON, or JSON followed by its binary outputs. Throws INVALID_INPUT for what JSON cannot carry. */
export function encodeInferResponse(response: InferResponse): EncodedResponse {
  const { modelName, modelVersion, id, outputs, binaryOutputs, nonFiniteTokens } = response;
  const { json, parts } = encodeTensors({ role: 'output', tensors: outputs, binary: binaryOutputs, nonFiniteTokens });
  const idField = id === undefined ? '' : `"id":${JSON.stringify(id)},`;
  const model = `"model_name":${JSON.stringify(modelName)},"model_version":${JSON.stringify(modelVersion)}`;
  return joinBody(`{${model},${idField}"outputs":${json}}`, parts);
}
