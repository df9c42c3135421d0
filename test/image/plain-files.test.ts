import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp, { type JpegOptions } from 'sharp';
import { imagesToTensor } from '../../src/image/image-tensor.js';
import { findPlainFiles, readPlainFiles } from '../../src/image/plain-files.js';
import type { ImageConfig } from '../../src/model/config.js';
import type { TensorSpec } from '../../src/tensor/tensor.js';
import { encoder, patterns, plainConfig, resizeTo } from './images.js';

const floats = (shape: readonly number[]): TensorSpec => ({ name: 'image', datatype: 'FP32', shape });
const jpegOf = (width: number, height: number, options: JpegOptions = {}) =>
  encoder(patterns['noise']!(width, height)).jpeg(options).toBuffer();

const small = await jpegOf(60, 40);
const tall = await jpegOf(33, 71, { chromaSubsampling: '4:4:4', quality: 97 });

describe('image files that a worker decodes', () => {
  const cases: readonly (readonly [ImageConfig, readonly number[]])[] = [
    [plainConfig(32, 24), [2, 24, 32, 3]],
    [plainConfig(32, 24, { layout: 'NCHW', scale: 1 / 255, mean: [0.5, 0.4, 0.3], std: [0.2] }), [2, 3, 24, 32]],
    [plainConfig(50, 50, { color: 'gray', resize: resizeTo(50, 50, { fit: 'contain' }) }), [2, 50, 50, 1]],
    [
      plainConfig(0, 0, { resize: resizeTo(30, 40, { fit: 'cover' }), crop: { width: 20, height: 10 } }),
      [2, 10, 20, 3],
    ],
  ];
  for (const [config, shape] of cases) {
    const name = `${config.resize.fit}, ${config.color}, ${config.layout}`;
    it(`become the tensor that other threads make of them, of the shape that was said before: ${name}`, async () => {
      const spec = floats([-1, ...shape.slice(1)]);
      const found = findPlainFiles([small, tall], { config, spec }, Infinity);
      assert.deepEqual(found?.shape, shape);
      assert.deepEqual(found.sizes, [
        { width: 60, height: 40 },
        { width: 33, height: 71 },
      ]);
      const expected = await imagesToTensor([small, tall], config, spec);
      const { data } = found.tensor;
      const bytes = expected.data.byteLength;
      const used = new ArrayBuffer(bytes);
      new Uint8Array(used).fill(255);
      for (const spare of [undefined, used, used, new ArrayBuffer(bytes - 4), new ArrayBuffer(bytes + 4)]) {
        const tensor = readPlainFiles(data, { config, spec }, { spare, isLent: true });
        assert.deepEqual(tensor, expected);
        assert.equal(tensor.data.buffer === spare, spare === used);
      }
    });
  }

  for (const color of ['rgb', 'bgr', 'gray'] as const) {
    for (const layout of ['NCHW', 'NHWC'] as const) {
      for (const datatype of ['FP32', 'INT32', 'UINT8'] as const) {
        it(`become the same tensor in the memory of the decoder: one of ${color}, ${layout}, ${datatype}`, async () => {
          const resize = resizeTo(30, 20, { library: 'opencv' });
          const config = plainConfig(0, 0, {
            resize,
            crop: { width: 29, height: 20 },
            color,
            layout,
            mean: [-4, 0, 7],
          });
          const sides = layout === 'NCHW' ? [-1, 20, 29] : [20, 29, -1];
          const spec: TensorSpec = { name: 'image', datatype, shape: [-1, ...sides] };
          const expected = await imagesToTensor([small], config, spec);
          const lent = readPlainFiles([small], { config, spec }, { spare: undefined, isLent: true });
          assert.deepEqual(lent?.shape, expected.shape);
          assert.deepEqual(Array.from(lent.data as Float32Array), Array.from(expected.data as Float32Array));
          const isOwn = lent.data.buffer.byteLength === lent.data.byteLength;
          assert.equal(isOwn, color === 'gray' || datatype === 'UINT8');
        });
      }
    }
  }

  const config = plainConfig(32, 24);
  const spec = floats([-1, 24, 32, 3]);

  it('are no views of larger memory, all of which would cross with them', () => {
    const memory = Buffer.concat([Buffer.alloc(100), small, Buffer.alloc(100)]);
    const [file] =
      findPlainFiles([memory.subarray(100, 100 + small.length)], { config, spec }, Infinity)?.tensor.data ?? [];
    assert.ok(file instanceof Uint8Array);
    assert.equal(file.buffer.byteLength, small.length);
    assert.ok(small.equals(file));
  });

  it('are no others: those of other kinds, with a profile or turned by EXIF, as base64, or with too many pixels', async () => {
    const others: Readonly<Record<string, Uint8Array | string>> = {
      png: await encoder(patterns['noise']!(60, 40)).png().toBuffer(),
      progressive: await jpegOf(60, 40, { progressive: true }),
      turned: await sharp(small).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      profile: await sharp(small).withIccProfile('p3').jpeg().toBuffer(),
      text: small.toString('base64'),
      'bytes of a text': Buffer.from(small.toString('base64')),
      nothing: Buffer.alloc(0),
      'cut in its header': small.subarray(0, 20),
      large: await jpegOf(2049, 2048, { quality: 10 }),
    };
    for (const [name, file] of Object.entries(others)) {
      assert.equal(findPlainFiles([file], { config, spec }, Infinity), undefined, name);
      assert.equal(findPlainFiles([small, file], { config, spec }, Infinity), undefined, name);
    }
    const upright = sharp(small).withExif({ IFD0: { Copyright: 'x' } });
    for (const file of [await jpegOf(2048, 2048, { quality: 10 }), await upright.jpeg().toBuffer()]) {
      assert.notEqual(findPlainFiles([file], { config, spec }, Infinity), undefined);
    }
  });

  it('are none where the tensor would depend on the image, or does not fit the input', () => {
    const configs: readonly ImageConfig[] = [
      plainConfig(0, 0, { resize: resizeTo(32, 24, { fit: 'inside' }) }),
      plainConfig(0, 0, { resize: resizeTo(32, 24, { fit: 'outside' }) }),
      plainConfig(0, 0, { resize: resizeTo(32, 24, { fit: 'height' }) }),
      plainConfig(32, 24, { crop: { width: 33, height: 24 } }),
      plainConfig(24, 32),
      plainConfig(32, 24, { color: 'gray' }),
      plainConfig(32, 24, { layout: 'NCHW' }),
    ];
    for (const each of configs) assert.equal(findPlainFiles([small], { config: each, spec }, Infinity), undefined);
    assert.equal(findPlainFiles([small, tall], { config, spec: floats([1, 24, 32, 3]) }, Infinity), undefined);
  });

  it('have no more pixels than images may have, nor do their tensors', () => {
    const find = (most: number, each = config) =>
      findPlainFiles([small, tall], { config: each, spec: floats([-1, -1, -1, 3]) }, most);
    assert.equal(find(60 * 40 - 1), undefined);
    assert.notEqual(find(60 * 40), undefined);
    assert.equal(find(60 * 40, plainConfig(61, 40)), undefined);
    assert.notEqual(find(61 * 40, plainConfig(61, 40)), undefined);
  });

  it('are left to another decoder where their pixels are damaged, or of a rarer kind', async () => {
    const cut = small.subarray(0, small.length - 40);
    const broken = Buffer.from(small);
    broken.fill(0xff, small.length - 60, small.length - 30);
    const upright = await jpegOf(60, 40);
    upright[upright.indexOf(Buffer.of(0xff, 0xc0)) + 11] = 0x12; // chroma halved down only
    for (const file of [cut, broken, upright]) {
      const found = findPlainFiles([small, file], { config, spec }, Infinity);
      assert.notEqual(found, undefined);
      assert.equal(readPlainFiles(found?.tensor.data ?? [], { config, spec }), undefined);
    }
  });
});
