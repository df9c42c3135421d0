import { addTensors, joinHead } from './encode-tensors.js';
import { JsonText } from './json/json-text.js';
import type { EncodedResponse, InferResponse } from './types.js';

/** Writes an answer: JSON, or JSON followed by its binary outputs. Throws INVALID_INPUT for what JSON cannot carry. */
export function encodeInferResponse(response: InferResponse): EncodedResponse {
  const { modelName, modelVersion, id, outputs, binaryOutputs, nonFiniteTokens } = response;
  const idField = id === undefined ? '' : `"id":${JSON.stringify(id)},`;
  const text = new JsonText();
  text.add(
    `{"model_name":${JSON.stringify(modelName)},"model_version":${JSON.stringify(modelVersion)},${idField}"outputs":`,
  );
  const parts = addTensors(text, { role: 'output', tensors: outputs, binary: binaryOutputs, nonFiniteTokens });
  text.add('}');
  return joinHead(text, parts);
}
