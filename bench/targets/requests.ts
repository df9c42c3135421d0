import { encodeInferRequest } from '../../src/protocol/client.js';
import { buildPath } from '../../src/protocol/paths.js';
import { drawTensors } from '../../src/tensor/drawn.js';
import type { TensorSpec } from '../../src/tensor/tensor.js';
import type { WireRequest } from '../load/messages.js';
import type { Form } from '../types.js';
import type { Origin } from './target.js';

/** A request before it is bytes: what to send where. */
export interface Payload {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What the body of a request is made for. */
export interface PayloadRequest {
  readonly model: string;
  readonly inputs: readonly TensorSpec[];
  readonly form: Form;
  readonly rows: number;
  /** Elements of a variable dimension other than the first. */
  readonly variable: number;
  /** JPEG files, for the form `image`. */
  readonly images: readonly Uint8Array<ArrayBuffer>[];
}

/** Different payloads are sent in turn, as many as fit into this many bytes, at least one. */
const mostPayloads = 4;
const mostBytes = 32 * 2 ** 20;

/** Payloads of one form, each with other data. */
export function buildPayloads(request: PayloadRequest): readonly [Payload, ...Payload[]] {
  const [image, ...others] = request.form === 'image' ? request.images : [];
  if (image !== undefined) {
    return [toImage(request.model, image), ...others.map((body) => toImage(request.model, body))];
  }
  const first = toTensors(request, 0);
  const count = Math.max(1, Math.min(mostPayloads, Math.floor(mostBytes / first.body.length)));
  return [first, ...Array.from({ length: count - 1 }, (_, index) => toTensors(request, index + 1))];
}

function toImage(model: string, body: Uint8Array<ArrayBuffer>): Payload {
  return { path: buildPath('predictions', { model }), headers: { 'content-type': 'image/jpeg' }, body };
}

function toTensors({ model, inputs, form, rows, variable }: PayloadRequest, seed: number): Payload {
  const tensors = drawTensors(inputs, { rows, variable, seed });
  const { body, headerLength } = encodeInferRequest({ inputs: tensors, form: form === 'json' ? 'json' : 'binary' });
  const headers = {
    'content-type': headerLength === undefined ? 'application/json' : 'application/octet-stream',
    ...(headerLength === undefined ? {} : { 'inference-header-content-length': String(headerLength) }),
  };
  return { path: buildPath('model-infer', { model }), headers, body: new Uint8Array(body) };
}

/** The bytes of a payload for one server. */
export function toWireRequest({ path, headers, body }: Payload, origin: Origin): WireRequest {
  const lines = Object.entries({
    host: `${origin.host}:${origin.port}`,
    ...origin.headers,
    ...headers,
    'content-length': String(body.length),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${origin.basePath}${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return { bytes: Buffer.concat([Buffer.from(head), body]) };
}
