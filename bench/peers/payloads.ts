import { createRandom } from '../../src/tensor/random.js';
import type { Payload } from '../targets/requests.js';
import type { PeerForm } from './catalogue.js';
import type { WorkName } from '../workloads.js';

/** Where a server takes what in which form. */
export interface PayloadPlace {
  readonly work: WorkName;
  readonly form: PeerForm;
  readonly path: string;
  readonly images: readonly Uint8Array<ArrayBuffer>[];
}

const imageShape = [1, 3, 240, 320];
const imageElements = 3 * 240 * 320;
const tinyNames = ['INPUT0', 'INPUT1'];

/** Three requests of different values; every server gets the same ones, each in its own form. */
export function buildPeerPayloads({ work, form, path, images }: PayloadPlace): readonly Payload[] {
  if (form === 'jpeg')
    return images.map((body) => ({ path, headers: { 'content-type': 'application/octet-stream' }, body }));
  return [1, 2, 3].map((seed) => ({ path, ...toBody(work, form, createRandom(seed)) }));
}

function toBody(work: WorkName, form: PeerForm, random: () => number): Omit<Payload, 'path'> {
  const inputs = work === 'json' ? drawTiny(random) : [drawImage(random)];
  if (form === 'json') {
    const wire = inputs.map(({ name, datatype, shape, data }) => ({ name, datatype, shape, data: Array.from(data) }));
    return { headers: { 'content-type': 'application/json' }, body: bytesOf(JSON.stringify({ inputs: wire })) };
  }
  const data = Buffer.concat(inputs.map((input) => new Uint8Array(input.data.buffer)));
  if (form === 'bytes') return { headers: { 'content-type': 'application/octet-stream' }, body: new Uint8Array(data) };
  return withHeader(inputs, data);
}

interface Input {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
}

function drawTiny(random: () => number): readonly Input[] {
  return tinyNames.map((name) => {
    const data = Int32Array.from({ length: 16 }, () => Math.floor(random() * 2000) - 1000);
    return { name, datatype: 'INT32', shape: [1, 16], data };
  });
}

/** Values as a normalised image has them. */
function drawImage(random: () => number): Input {
  const data = Float32Array.from({ length: imageElements }, () => random() * 2 - 1);
  return { name: 'input', datatype: 'FP32', shape: imageShape, data };
}

/** The protocol's binary data: a JSON part, then the tensors. */
function withHeader(inputs: readonly Input[], data: Uint8Array): Omit<Payload, 'path'> {
  const wire = inputs.map(({ name, datatype, shape, data: { byteLength } }) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: byteLength },
  }));
  const header = bytesOf(JSON.stringify({ inputs: wire, parameters: { binary_data_output: true } }));
  return {
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(header.byteLength),
    },
    body: new Uint8Array(Buffer.concat([header, data])),
  };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text));
}
