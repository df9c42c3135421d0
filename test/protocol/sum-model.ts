import { decodeInferRequest } from '../../src/protocol/v2/decode-request.js';
import type { ModelSignature } from '../../src/protocol/types.js';
import { validateInferRequest, type CheckedRequest } from '../../src/protocol/validate.js';
import type { Datatype } from '../../src/tensor/datatype.js';
import type { DeclaredShape } from '../../src/tensor/shape.js';

/** Inputs A and B, outputs S and D, all INT32 [-1,16], at most 8 rows. */
export const sumModel: ModelSignature = {
  name: 'm',
  inputs: ['A', 'B'].map((name) => ({ name, datatype: 'INT32', shape: [-1, 16] })),
  outputs: ['S', 'D'].map((name) => ({ name, datatype: 'INT32', shape: [-1, 16] })),
  maxRows: 8,
};

/** A model `m` of one input A and one output Y of the same type, without a batch dimension. */
export function identityModel(datatype: Datatype, shape: DeclaredShape): ModelSignature {
  return {
    name: 'm',
    inputs: [{ name: 'A', datatype, shape }],
    outputs: [{ name: 'Y', datatype, shape }],
    maxRows: 0,
  };
}

export const ones = Array.from({ length: 16 }, () => 1);

/** A tensor object of a request, INT32 [1,16] of ones unless told otherwise. */
export const tensor = (name: string, fields: object = {}): object => ({
  name,
  shape: [1, 16],
  datatype: 'INT32',
  data: ones,
  ...fields,
});

/** Decodes and validates what a client sent: a text, an object to write as JSON, or bytes with their header length. */
export function take(
  sent: string | object | Buffer,
  { model = sumModel, headerLength }: { readonly model?: ModelSignature; readonly headerLength?: number } = {},
): CheckedRequest {
  const text = typeof sent === 'string' ? sent : JSON.stringify(sent);
  const body = Buffer.isBuffer(sent) ? sent : Buffer.from(text);
  return validateInferRequest(decodeInferRequest({ body, headerLength }, model), model);
}

/** A body of JSON and binary parts, with the length of its JSON. */
export function withBinary(json: object, ...parts: readonly Uint8Array[]): { body: Buffer; headerLength: number } {
  const header = Buffer.from(JSON.stringify(json));
  return { body: Buffer.concat([header, ...parts]), headerLength: header.length };
}
