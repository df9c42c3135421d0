import { addTensors, joinBody } from './encode-tensors.js';
import { JsonText } from './json/json-text.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { nonFiniteParameter } from './response.js';
import type { EncodedResponse, ParameterValue, RequestedOutput } from './types.js';

/** A request as a client states it. */
export interface ClientRequest {
  readonly id?: string;
  readonly inputs: NamedTensors;
  /** Empty or absent: every output. */
  readonly outputs?: readonly RequestedOutput[];
  /** How inputs go out and, unless an output says otherwise, how outputs come back. */
  readonly form: 'binary' | 'json';
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
}

/** Writes an inference request; `headerLength` belongs into `Inference-Header-Content-Length` where it is set. */
export function encodeInferRequest(request: ClientRequest): EncodedResponse {
  const { id, inputs, outputs = [], form, parameters } = request;
  const isBinary = form === 'binary';
  const all = { [nonFiniteParameter]: true, ...parameters, ...(isBinary ? { binary_data_output: true } : {}) };
  const text = new JsonText();
  text.add('{');
  if (id !== undefined) text.add(`"id":${JSON.stringify(id)},`);
  text.add(`"parameters":${JSON.stringify(all)},`);
  if (outputs.length > 0) text.add(`"outputs":${JSON.stringify(outputs.map(toWire))},`);
  text.add('"inputs":');
  const binary = new Set(isBinary ? inputs.keys() : []);
  const parts = addTensors(text, { role: 'input', tensors: inputs, binary, nonFiniteTokens: true });
  text.add('}');
  return joinBody(text, parts);
}

function toWire({ name, binary, classes }: RequestedOutput): object {
  if (binary === undefined && classes === undefined) return { name };
  return { name, parameters: { binary_data: binary, classification: classes } };
}
