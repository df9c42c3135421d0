import { AppError, messageOf } from '../errors.js';
import type { Tensor, NamedTensors } from '../tensor/tensor.js';
import { BinaryPart } from './v2/binary-part.js';
import { readTensor, refuseRepeat, type TensorSource } from './v2/decode-tensor.js';
import { JsonReader } from './json/reader.js';
import { skipValue } from './json/nesting.js';
import type { InferResponse, EncodedResponse, ParameterValue, RequestedOutput } from './types.js';
import { addTensors, joinBody } from './v2/encode.js';
import { JsonText } from './json/json-text.js';
import { nonFiniteParameter } from './response.js';

/** An answer as a client reads it. */
export type ClientResponse = Pick<InferResponse, 'modelName' | 'modelVersion' | 'id' | 'outputs'>;

/**
 * Decodes an inference answer of any form; null in float data is NaN, BYTES elements of a binary part are views on the
 * body. Throws REQUEST_FAILED for what no server of the protocol sends.
 */
export function decodeInferResponse(body: Buffer, headerLength?: number): ClientResponse {
  try {
    const end = headerLength ?? body.length;
    if (end > body.length) throw new RangeError(`its JSON part of ${String(end)} bytes is longer than the body`);
    const binary = headerLength === undefined ? undefined : new BinaryPart(body.subarray(end), '', 'output');
    const response = readResponse(new JsonReader(body.subarray(0, end), 'the answer'), {
      role: 'output',
      binary,
      hasHalfNumbers: true,
    });
    binary?.finish();
    return response;
  } catch (cause) {
    throw new AppError('REQUEST_FAILED', `the server's answer could not be read: ${messageOf(cause)}`, { cause });
  }
}

function readResponse(reader: JsonReader, source: TensorSource): ClientResponse {
  const texts: { model_name?: string; model_version?: string; id?: string } = {};
  const outputs = new Map<string, Tensor>();
  reader.readObject('the answer', (key) => {
    if (reader.takeNull()) return;
    if (key === 'model_name' || key === 'model_version' || key === 'id') {
      refuseRepeat(reader, key, texts[key]);
      texts[key] = reader.readString(`'${key}'`);
    } else if (key === 'outputs') {
      reader.readArray("'outputs'", () => outputs.set(...readTensor(reader, source)));
    } else skipValue(reader, true);
  });
  reader.finish();
  const { model_name: modelName = '', model_version: modelVersion = '', id } = texts;
  return { modelName, modelVersion, outputs, ...(id === undefined ? {} : { id }) };
}

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
