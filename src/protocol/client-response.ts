import { AppError, messageOf } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import { BinaryPart } from './binary-part.js';
import { readTensor, refuseRepeat, type TensorSource } from './decode-tensor.js';
import { JsonReader } from './json/reader.js';
import { skipValue } from './json/skip.js';
import type { InferResponse } from './types.js';

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
