import protobuf from 'protobufjs/minimal.js';
import { toBytes } from '../v2/encode.js';
import type { InferResponse } from '../types.js';
import { MessageParts } from './message-parts.js';

/** Tags of length-delimited fields. */
const tag = (field: number): number => (field << 3) | 2;

/** A ModelInferResponse with every output in raw_output_contents, which are views on the tensors' memory. */
export function encodeInferMessage(response: InferResponse): MessageParts {
  return toParts(writeHead(response), response);
}

/** A ModelStreamInferResponse of an answer, marked as the only one of its request. */
export function encodeStreamAnswer(response: InferResponse): MessageParts {
  const head = writeHead(response);
  // parameters: { "triton_final_response": { bool_param: true } }
  head.uint32(tag(4)).fork().uint32(tag(1)).string('triton_final_response');
  head
    .uint32(tag(2))
    .fork()
    .uint32(1 << 3)
    .bool(true)
    .ldelim()
    .ldelim();
  const message = toParts(head, response);
  const prefix = protobuf.Writer.create().uint32(tag(2)).uint32(message.byteLength).finish();
  return new MessageParts([prefix, ...message.parts], message.viewedBytes);
}

/** Which request of a stream an error is about. */
export interface StreamedRequest {
  readonly model: string;
  readonly version: string;
  readonly id: string;
}

/** A ModelStreamInferResponse that says what went wrong with one request of the stream. */
export function encodeStreamError(text: string, { model, version, id }: StreamedRequest): MessageParts {
  const writer = protobuf.Writer.create().uint32(tag(1)).string(text).uint32(tag(2)).fork();
  for (const [index, value] of [model, version, id].entries()) {
    if (value !== '') writer.uint32(tag(index + 1)).string(value);
  }
  return new MessageParts([writer.ldelim().finish()]);
}

function writeHead({ modelName, modelVersion, id, outputs }: InferResponse): protobuf.Writer {
  const writer = protobuf.Writer.create().uint32(tag(1)).string(modelName).uint32(tag(2)).string(modelVersion);
  if (id !== undefined && id !== '') writer.uint32(tag(3)).string(id);
  for (const [name, { datatype, shape }] of outputs) {
    writer.uint32(tag(5)).fork().uint32(tag(1)).string(name).uint32(tag(2)).string(datatype);
    if (shape.length > 0) {
      writer.uint32(tag(3)).fork();
      for (const dim of shape) writer.int64(dim);
      writer.ldelim();
    }
    writer.ldelim();
  }
  return writer;
}

function toParts(head: protobuf.Writer, { outputs }: InferResponse): MessageParts {
  const parts: Uint8Array[] = [];
  let writer = head;
  let viewedBytes = 0;
  for (const tensor of outputs.values()) {
    const bytes = toBytes(tensor);
    if (tensor.datatype !== 'BYTES') viewedBytes += bytes.length;
    parts.push(writer.uint32(tag(6)).uint32(bytes.length).finish(), bytes);
    writer = protobuf.Writer.create();
  }
  return new MessageParts(parts.length === 0 ? [head.finish()] : parts, viewedBytes);
}
