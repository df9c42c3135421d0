import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import { encodeBytesElements } from './bytes-elements.js';
import { formatData } from './json/data-text.js';

export interface TensorsToEncode {
  readonly role: 'input' | 'output';
  readonly tensors: NamedTensors;
  /** Names of those that go out as binary data. */
  readonly binary: ReadonlySet<string>;
  readonly nonFiniteTokens: boolean;
}

/** A JSON array of tensor objects, and the bytes of those that are not in it, in order. */
export interface EncodedTensors {
  readonly json: string;
  readonly parts: readonly Uint8Array[];
}

/** Writes tensors as the protocol's objects; binary parts are views on the tensors' memory. */
export function encodeTensors({ role, tensors, binary, nonFiniteTokens }: TensorsToEncode): EncodedTensors {
  const parts: Uint8Array[] = [];
  const objects: string[] = [];
  for (const [name, tensor] of tensors) {
    const head = `{"name":${JSON.stringify(name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(',')}]`;
    if (binary.has(name)) {
      const bytes = toBytes(tensor);
      parts.push(bytes);
      objects.push(`${head},"parameters":{"binary_data_size":${String(bytes.length)}}}`);
    } else {
      objects.push(`${head},"data":${formatData(tensor, { label: `${role} '${name}'`, nonFiniteTokens })}}`);
    }
  }
  return { json: `[${objects.join(',')}]`, parts };
}

/** A tensor's elements as they stand on the wire: little-endian, row-major, BYTES with length prefixes. */
export function toBytes(tensor: Tensor): Uint8Array {
  if (tensor.datatype === 'BYTES') return encodeBytesElements(tensor.data);
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

/** A whole body from its JSON part and binary parts; `headerLength` is set when there is any binary tensor. */
export function joinBody(json: string, parts: readonly Uint8Array[]): { body: Buffer; headerLength?: number } {
  const header = Buffer.from(json, isAscii(json) ? 'latin1' : 'utf8');
  if (parts.length === 0) return { body: header };
  return { body: Buffer.concat([header, ...parts]), headerLength: header.length };
}

/** Whether a text can be written byte by byte, which is several times faster than as UTF-8. */
function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return !/[^\x00-\x7f]/.test(text);
}
