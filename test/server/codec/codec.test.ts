import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { encodeInferRequest, decodeInferResponse } from '../../../src/protocol/client.js';
import { decodeInferRequest } from '../../../src/protocol/v2/decode-request.js';
import type { InferResponse } from '../../../src/protocol/types.js';
import { createCodec } from '../../../src/server/codec/codec.js';
import { estimateWriting } from '../../../src/server/codec/cost.js';
import { completeDetection } from '../../../src/model/complete/complete-detection.js';
import type { ImageConfig } from '../../../src/model/config.js';
import sharp from 'sharp';
import type { Tensor, TensorSpec } from '../../../src/tensor/tensor.js';
import { createRandom } from '../../../src/tensor/random.js';
import { headerOf, value } from '../../model/headers.js';
import { randomTensor } from '../../protocol/random-tensors.js';
import { identityModel } from '../../protocol/sum-model.js';

const random = createRandom(7);
const codec = createCodec({ threads: 2 });
after(() => codec.close());

const model = identityModel('FP32', [-1]);
const floats = (length: number): Tensor => randomTensor('FP32', length, random);
const requestOf = (tensor: Tensor, form: 'json' | 'binary' = 'json') =>
  encodeInferRequest({ inputs: new Map([['A', tensor]]), form });
const responseOf = (tensor: Tensor, binary = false): InferResponse => ({
  modelName: 'm',
  modelVersion: '1',
  outputs: new Map([['Y', tensor]]),
  binaryOutputs: new Set(binary ? ['Y'] : []),
  nonFiniteTokens: false,
});

/** How an output that others still read is written. */
const kept = (tensor: Tensor, isBinary = false) => ({
  isOwned: false,
  size: estimateWriting(new Map([['Y', tensor]]), new Set(isBinary ? ['Y'] : [])),
});

describe('codec', () => {
  it('reads and writes small bodies at once', () => {
    const tensor = floats(16);
    const request = codec.decodeInfer(requestOf(tensor), model);
    assert.ok(!(request instanceof Promise));
    assert.deepEqual(request.inputs.get('A'), tensor);
    assert.ok(!(codec.encodeInfer(responseOf(tensor), kept(tensor)) instanceof Promise));
  });

  it('reads and writes large JSON on a thread, with the same outcome', async () => {
    const tensor = floats(20_000);
    const request = codec.decodeInfer(requestOf(tensor), model);
    assert.ok(request instanceof Promise);
    assert.deepEqual((await request).inputs.get('A'), tensor);
    const answer = codec.encodeInfer(responseOf(tensor), kept(tensor));
    assert.ok(answer instanceof Promise);
    const { body } = await answer;
    assert.ok(Buffer.isBuffer(body));
    assert.deepEqual(decodeInferResponse(body).outputs.get('Y'), tensor);
  });

  it('writes the outputs of a prediction at once where they are small and on a thread where they are large', async () => {
    for (const length of [16, 20_000]) {
      const tensor = floats(length);
      const given = { model: 'm', outputs: new Map([['Y', tensor]]), nonFiniteTokens: false };
      const encoding = codec.encodeOutputs(given, kept(tensor));
      assert.equal(encoding instanceof Promise, length > 16);
      const { body } = await encoding;
      const [output] = JSON.parse(body.toString()) as { name: string; shape: number[]; data: number[] }[];
      assert.deepEqual([output?.name, output?.shape], ['Y', [length]]);
      assert.deepEqual(Float32Array.from(output?.data ?? []), tensor.data);
    }
  });

  it('finds classes at once where there are few numbers and on a thread where there are many, and leaves the outputs usable', async () => {
    for (const length of [16, 200_000]) {
      const tensor: Tensor = { datatype: 'FP32', shape: [1, length], data: new Float32Array(length).map((_, i) => i) };
      const asked = [{ name: 'Y', classes: 2, labels: [], isBatched: true }];
      const finding = codec.classify({ model: 'm', outputs: new Map([['Y', tensor]]), asked });
      assert.equal(finding instanceof Promise, length > 16);
      const data = [`${length - 1}.000000:${length - 1}`, `${length - 2}.000000:${length - 2}`];
      assert.deepEqual(await finding, [['Y', { datatype: 'BYTES', shape: [1, 2], data }]]);
      assert.equal(tensor.data[length - 1], length - 1);
    }
  });

  it('handles binary bodies at once, whatever their size', () => {
    const tensor = floats(50_000);
    assert.ok(!(codec.decodeInfer(requestOf(tensor, 'binary'), model) instanceof Promise));
    assert.ok(!(codec.encodeInfer(responseOf(tensor, true), kept(tensor, true)) instanceof Promise));
  });

  it('leaves the outputs that it was given usable, views on a shared run included', async () => {
    const run = Float32Array.from({ length: 40_000 }, () => 0.5);
    const view: Tensor = { datatype: 'FP32', shape: [20_000], data: run.subarray(20_000) };
    await codec.encodeInfer(responseOf(view), kept(view));
    assert.equal(run[0], 0.5);
  });

  it('takes a body away with the memory that it lies in, wherever in it', async () => {
    const { body } = requestOf(floats(5_000));
    for (const at of [0, 3, 8]) {
      const memory = new Uint8Array(body.length + 64);
      memory.set(body, at);
      const placed = Buffer.from(memory.buffer, at, body.length);
      const [moved, kept] = [await codec.decodeInfer({ body: placed }, model), decodeInferRequest({ body }, model)];
      assert.deepEqual(moved.inputs, kept.inputs);
      assert.equal(memory.byteLength, 0);
    }
  });

  it('answers a large binary tensor that lies in a body which a large JSON part takes to a thread', async () => {
    const padding = ' '.repeat(40_000);
    const binary = { name: 'A', datatype: 'FP32', shape: [9_000], parameters: { binary_data_size: 36_000 } };
    const head = Buffer.from(`${padding}${JSON.stringify({ inputs: [binary] })}`);
    const values = Float32Array.from({ length: 9_000 }, (_, i) => i - 4_500.25);
    for (const shift of [0, 1]) {
      const json = Buffer.concat([Buffer.alloc((shift - (head.length % 4) + 8) % 4, ' '), head]);
      const body = Buffer.concat([json, Buffer.from(values.buffer)]);
      const request = await codec.decodeInfer({ body, headerLength: json.length }, model);
      assert.deepEqual(request.inputs.get('A')?.data, values);
    }
  });

  it('carries refusals across with their code and words', async () => {
    const { body } = requestOf(floats(5_000));
    await assert.rejects(async () => codec.decodeInfer({ body }, identityModel('INT8', [-1])), {
      code: 'INVALID_INPUT',
      message: /^inference input 'A' data-type is 'FP32', but model 'm' expects 'INT8'/,
    });
  });

  it('reads and writes version 1 bodies on either side', async () => {
    const rows = Array.from({ length: 5_000 }, (_, i) => i / 8);
    for (const instances of [rows.slice(0, 3), rows]) {
      const {
        inputs,
        form,
        rows: count,
      } = await codec.decodePredict(Buffer.from(JSON.stringify({ instances })), { ...model, maxRows: 9999 });
      assert.deepEqual(inputs.get('A')?.data, Float32Array.from(instances));
      const { body } = await codec.encodePredict(
        { model: 'm', form, rows: count, outputs: inputs, nonFiniteTokens: false },
        { isOwned: true, size: estimateWriting(inputs) },
      );
      assert.deepEqual(JSON.parse(body.toString()), { predictions: instances });
    }
  });

  it('rejects just what a lost thread had, and starts another', async () => {
    const small = createCodec({ threads: 1, threadHeapMb: 16, inlineLimitBytes: 1024 });
    const texts = Array.from({ length: 400_000 }, (_, i) => `text number ${String(i)} of a body that is too large`);
    const body = Buffer.from(
      JSON.stringify({ inputs: [{ name: 'A', shape: [texts.length], datatype: 'BYTES', data: texts }] }),
    );
    await assert.rejects(async () => small.decodeInfer({ body }, identityModel('BYTES', [-1])), {
      code: 'WORKER_LOST',
      message: /memory/,
    });
    const tensor = floats(2_000);
    assert.deepEqual((await small.decodeInfer(requestOf(tensor), model)).inputs.get('A'), tensor);
    await small.close();
  });

  it('refuses large bodies after it was closed, and rejects those it still had', async () => {
    const closing = createCodec({ threads: 1 });
    await closing.decodeInfer(requestOf(floats(20_000)), model);
    const waiting = assert.rejects(async () => closing.decodeInfer(requestOf(floats(20_000)), model), {
      code: 'SHUTTING_DOWN',
    });
    await closing.close();
    await waiting;
    const refused = assert.rejects(async () => closing.decodeInfer(requestOf(floats(20_000)), model), {
      code: 'SHUTTING_DOWN',
    });
    assert.equal(process.getActiveResourcesInfo().includes('MessagePort'), false, 'no thread after the end');
    await refused;
  });

  it('turns images into a tensor on a thread, or says which cannot be read', async () => {
    const image = await sharp({ create: { width: 4, height: 2, channels: 3, background: '#ff8000' } })
      .png()
      .toBuffer();
    const config: ImageConfig = {
      input: 'A',
      resize: { width: 4, height: 2, fit: 'fill', background: [0] },
      color: 'rgb',
      layout: 'NHWC',
      scale: 1,
      mean: [0],
      std: [1],
      invert: false,
    };
    const spec: TensorSpec = { name: 'A', datatype: 'UINT8', shape: [-1, 2, 4, 3] };
    for (const owner of [codec, createCodec({ threads: 0 })]) {
      const tensor = await owner.decodeImages({
        model: 'm',
        images: [image, image.toString('base64')],
        config,
        spec,
      });
      assert.deepEqual(tensor.shape, [2, 2, 4, 3]);
      assert.deepEqual([...tensor.data].slice(0, 3), [255, 128, 0]);
      await assert.rejects(owner.decodeImages({ model: 'm', images: [image, image.subarray(0, 40)], config, spec }), {
        code: 'INVALID_INPUT',
        message: /^Image 2 of 2/,
      });
    }
  });

  it('finds boxes at once, and the masks of objects on a thread where the image is large, however few numbers they are made of', async () => {
    const table: Tensor = { datatype: 'FP32', shape: [1, 1, 7], data: Float32Array.of(8, 8, 56, 56, 0.9, 0, 1) };
    const prototypes: Tensor = { datatype: 'FP32', shape: [1, 1, 2, 2], data: Float32Array.of(1, 1, -1, -1) };
    const outputs = new Map([
      ['out', table],
      ['prototypes', prototypes],
    ]);
    const header = headerOf(
      [value('image', [1, 3, 64, 64])],
      [...outputs].map(([name, { datatype, shape }]) => value(name, [...shape], datatype)),
    );
    const config = completeDetection({ form: 'end-to-end', output: 'out', masks: 'prototypes' }, header, undefined);
    const whole = { scaleX: 0.1, scaleY: 0.1, padX: 0, padY: 0, imageWidth: 640, imageHeight: 640 };
    const run = { model: 'm', outputs, config, input: { width: 64, height: 64 }, placements: [whole] };
    const ask = (mask: 'none' | 'runs') =>
      codec.detect({ ...run, asked: { score: 0.5, iou: undefined, max: 10, mask } }, false);
    assert.ok(!(ask('none') instanceof Promise));
    const masked = ask('runs');
    assert.ok(masked instanceof Promise);
    const [row] = await masked;
    // The upper half of 80..560 in both directions, up to where the sum is 0.
    assert.deepEqual(row?.masks?.[0]?.runs?.slice(0, 4), [80 * 640 + 80, 480, 81 * 640 + 80, 480]);
    assert.equal(row.masks[0].pixels, 480 * 240);
  });

  it('of a request does nothing more once that has ended, whichever part of it asks', async () => {
    const [whole, part] = [new AbortController(), new AbortController()];
    const own = codec.of(whole.signal);
    const large = requestOf(floats(20_000));
    assert.deepEqual((await own.decodeInfer(large, model)).inputs.size, 1);
    part.abort();
    const gone = { code: 'CLIENT_GONE', message: /model m / };
    await assert.rejects(async () => own.of(part.signal).decodeInfer(requestOf(floats(20_000)), model), gone);
    assert.ok(await own.decodeInfer(requestOf(floats(20_000)), model));
    whole.abort();
    await assert.rejects(async () => own.encodeInfer(responseOf(floats(20_000)), kept(floats(20_000))), gone);
    // What is small is done at once.
    assert.ok(!(own.decodeInfer(requestOf(floats(16)), model) instanceof Promise));
  });

  it('without threads does everything where it is called', () => {
    assert.ok(!(createCodec({ threads: 0 }).decodeInfer(requestOf(floats(20_000)), model) instanceof Promise));
  });
});
