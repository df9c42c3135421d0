import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { encodeInferRequest } from '../../../src/protocol/client.js';
import { createCodec } from '../../../src/server/codec/codec.js';
import { SpareBuffers } from '../../../src/server/memory/spare-buffers.js';
import { createRandom } from '../../../src/tensor/random.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { randomTensor } from '../../protocol/random-tensors.js';
import { identityModel } from '../../protocol/sum-model.js';

const mib = 1 << 20;
const random = createRandom(5);
const spares = new SpareBuffers(2 ** 30, 2 ** 30);
const codec = createCodec({ threads: 2, spares });
after(() => codec.close());
const model = identityModel('FP32', [-1]);

/** A request's bytes at the front of memory that bodies are read into. */
function read(bytes: Uint8Array): Buffer {
  const body = Buffer.from(spares.take(bytes.length), 0, bytes.length);
  body.set(bytes);
  return body;
}

function jsonOf(tensor: Tensor): Buffer {
  return encodeInferRequest({ inputs: new Map([['A', tensor]]), form: 'json' }).body;
}

describe('memory of bodies that a codec thread has read', () => {
  it('comes back, also where shorter bodies lie in what longer ones left', async () => {
    for (const length of [150_000, 140_000, 145_000, 150_000]) {
      const tensor = randomTensor('FP32', length, random);
      const request = await codec.decodeInfer({ body: read(jsonOf(tensor)) }, model);
      assert.deepEqual(request.inputs.get('A'), tensor);
      assert.ok(spares.bytes >= mib);
    }
  });

  it('is used by several at once, each with its own', async () => {
    const tensors = Array.from({ length: 6 }, () => randomTensor('FP32', 120_000, random));
    const bodies = tensors.map((tensor) => read(jsonOf(tensor)));
    const requests = await Promise.all(bodies.map(async (body) => codec.decodeInfer({ body }, model)));
    for (const [at, tensor] of tensors.entries()) assert.deepEqual(requests[at]?.inputs.get('A'), tensor);
  });

  it('stays with tensors that lie in it', async () => {
    const before = spares.bytes;
    const header = Buffer.from(
      `{"inputs":[{"name":"A","datatype":"FP32","shape":[300000],"parameters":{"binary_data_size":1200000}}],"id":"${'i'.repeat(40_000)}"}`,
    );
    const data = randomTensor('FP32', 300_000, random).data as Float32Array;
    const pad = Buffer.alloc((8 - (header.length % 8)) % 8, ' ');
    const bytes = Buffer.concat([header, pad, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
    const taken = new SpareBuffers(2 ** 30).take(bytes.length);
    const body = Buffer.from(taken, 0, bytes.length);
    body.set(bytes);
    const decoding = codec.decodeInfer({ body, headerLength: header.length + pad.length }, model);
    assert.ok(decoding instanceof Promise);
    assert.deepEqual((await decoding).inputs.get('A')?.data, data);
    assert.equal(spares.bytes, before);
  });

  it('is not used again where files of images lie in it', async () => {
    const file = Buffer.from(Uint8Array.from({ length: 1_200_000 }, (_, at) => at % 251));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(file.length);
    const header = Buffer.from(
      `{"inputs":[{"name":"A","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":${file.length + 4}}}],"id":"${'i'.repeat(40_000)}"}`,
    );
    const body = read(Buffer.concat([header, length, file]));
    const decoding = codec.decodeInfer(
      { body, headerLength: header.length },
      { ...model, imageInputs: new Set(['A']) },
    );
    assert.ok(decoding instanceof Promise);
    const { inputs } = await decoding;
    read(Buffer.alloc(1_240_100, 7));
    assert.deepEqual(Buffer.from(inputs.get('A')?.data[0] as Uint8Array), file);
  });

  it('is freed where reading failed', async () => {
    const before = spares.bytes;
    const body = Buffer.from(new ArrayBuffer(2 * mib)).fill('[');
    await assert.rejects(async () => codec.decodeInfer({ body }, model), { code: 'INVALID_INPUT' });
    assert.deepEqual([spares.bytes, body.length], [before, 0]);
  });
});
