import { JsonText } from '../json/json-text.js';
import type { EncodedResponse, InferResponse } from '../types.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import { encodeBytesElements } from './binary-part.js';
import { addData } from '../json/data-text.js';

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

/** Tensors, and which of them are written as binary data. */
export interface TensorsToEncode {
  readonly role: 'input' | 'output';
  readonly tensors: NamedTensors;
  /** Names of those that go out as binary data. */
  readonly binary: ReadonlySet<string>;
  readonly nonFiniteTokens: boolean;
  readonly halfNumbers?: boolean;
}

/**
 * Adds tensors to a text as an array of the protocol's objects, and answers the bytes of those that are not in it, in
 * order: views on the tensors' memory.
 */
export function addTensors(text: JsonText, encoding: TensorsToEncode): Uint8Array[] {
  const { role, tensors, binary, nonFiniteTokens, halfNumbers = false } = encoding;
  const parts: Uint8Array[] = [];
  let separator = '[';
  for (const [name, tensor] of tensors) {
    const { datatype, shape } = tensor;
    text.add(`${separator}{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}],`);
    if (binary.has(name)) {
      const bytes = toBytes(tensor);
      parts.push(bytes);
      text.add(`"parameters":{"binary_data_size":${String(bytes.length)}}}`);
    } else {
      text.add('"data":');
      addData(text, tensor, { label: `${role} '${name}'`, nonFiniteTokens, halfNumbers });
      text.add('}');
    }
    separator = ',';
  }
  text.add(separator === '[' ? '[]' : ']');
  return parts;
}

/** A tensor's elements as they stand on the wire: little-endian, row-major, BYTES with length prefixes. */
export function toBytes(tensor: Tensor): Uint8Array {
  if (tensor.datatype === 'BYTES') return encodeBytesElements(tensor.data);
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

/** A whole body of text and binary parts; `headerLength` is set when there is any binary tensor, even an empty one. */
export function joinBody(text: JsonText, parts: readonly Uint8Array[]): EncodedResponse {
  const { body, headerLength } = text.toBuffer(parts);
  return parts.length === 0 ? { body } : { body, headerLength };
}

/** From this many bytes on binary parts are worth a write of their own. */
const leastTailBytes = 16 * 1024;

/** The same with large binary parts left where they are. */
function joinHead(text: JsonText, parts: readonly Uint8Array[]): EncodedResponse {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  if (bytes < leastTailBytes) return joinBody(text, parts);
  const { body } = text.toBuffer();
  return { body, headerLength: body.length, tail: parts };
}
