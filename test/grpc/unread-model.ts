import type { Graph } from '../../src/model/onnx/writer.js';

/** More bytes than the system and the windows of a connection take of an answer that nobody reads. */
export const unreadBytes = 3_000_000;

/** An answer of that many bytes to a request of a few. */
const repeated: Graph = {
  name: 'repeated',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', 1] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', unreadBytes / 4] }],
  initializers: [{ name: 'times', datatype: 'INT64', shape: [2], data: BigInt64Array.of(1n, BigInt(unreadBytes / 4)) }],
  nodes: [{ op: 'Tile', inputs: ['X', 'times'], outputs: ['Y'] }],
};
export const unreadModel = { name: 'f', graph: repeated };

const field = (tag: number, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);

/** A ModelInferRequest of one row for that model, with its prefix. */
export function messageOf(model: string): Buffer {
  const text = (value: string): Buffer => Buffer.from(value);
  const input = Buffer.concat([field(0x0a, text('X')), field(0x12, text('FP32')), field(0x1a, Buffer.from([1, 1]))]);
  const raw = Buffer.from(Float32Array.of(1).buffer);
  const message = Buffer.concat([field(0x0a, text(model)), field(0x2a, input), field(0x3a, raw)]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
