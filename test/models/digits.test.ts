import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { imagesToTensor } from '../../src/image/image-tensor.js';
import { completeConfig } from '../../src/model/complete/complete-config.js';
import type { ImageConfig } from '../../src/model/config.js';
import { readOnnxHeader } from '../../src/model/onnx/reader.js';
import { parseModelJson } from '../../src/model/parse-config.js';
import type { TensorSpec } from '../../src/tensor/tensor.js';

const folder = 'models/digits';
const tileSide = 8;
const tilesPerRow = 20;

let session: InferenceSession;
let image: ImageConfig;
let spec: TensorSpec;
let heldOut: Awaited<ReturnType<typeof readHeldOut>>;

/** Digits of image files, prepared as model.json says. */
async function classify(images: readonly Uint8Array[]): Promise<readonly number[]> {
  const { data, shape } = await imagesToTensor(images, image, spec);
  const { logits } = await session.run({ image: new Tensor('float32', data as Float32Array, [...shape]) });
  const values = logits!.data as Float32Array;
  return images.map((_, row) => {
    const scores = values.subarray(row * 10, row * 10 + 10);
    return scores.indexOf(Math.max(...scores));
  });
}

/** The held-out digits as the model's README measures them, as PNG: 8x8 enlarged to 20x20 in the middle of 28x28. */
async function readHeldOut() {
  const labels = (await readFile(join(folder, 'held-out', 'labels.txt'), 'utf8')).trim().split('\n').map(Number);
  const sheet = await sharp(join(folder, 'held-out', 'digits.png'))
    .linear(255 / 240)
    .png()
    .toBuffer();
  const images = labels.map((_, index) => {
    const left = (index % tilesPerRow) * tileSide;
    const top = Math.floor(index / tilesPerRow) * tileSide;
    const tile = sharp(sheet).extract({ left, top, width: tileSide, height: tileSide });
    const grown = tile.resize(20, 20, { kernel: 'cubic' });
    return grown.extend({ top: 4, bottom: 4, left: 4, right: 4, background: 'black' }).png().toBuffer();
  });
  return { images: await Promise.all(images), labels };
}

const accuracy = (guesses: readonly number[], labels: readonly number[]): number =>
  guesses.filter((guess, index) => guess === labels[index]).length / labels.length;

describe('the bundled digits model', () => {
  before(async () => {
    const header = readOnnxHeader(join(folder, '1', 'model.onnx'));
    const json = parseModelJson(await readFile(join(folder, 'model.json'), 'utf8'));
    image = completeConfig(json, header, 'cpu').image!;
    spec = header.inputs[0]!;
    session = await InferenceSession.create(join(folder, '1', 'model.onnx'), { intraOpNumThreads: 1 });
    heldOut = await readHeldOut();
  });

  it('is right on at least 97 % of the 360 held-out digits', async () => {
    const { images, labels } = heldOut;
    assert.equal(labels.length, 360);
    assert.equal(new Set(labels).size, 10);
    assert.ok(accuracy(await classify(images), labels) >= 0.97);
  });

  it('is as right on dark ink on light paper', async () => {
    const { images, labels } = heldOut;
    const inverted = await Promise.all(images.map((image) => sharp(image).negate().png().toBuffer()));
    assert.ok(accuracy(await classify(inverted), labels) >= 0.97);
  });

  it('reads every sample image as the digit in its name', async () => {
    const names = (await readdir(join(folder, 'samples'))).sort();
    const images = await Promise.all(names.map((name) => readFile(join(folder, 'samples', name))));
    assert.ok(names.length >= 10);
    assert.deepEqual(
      await classify(images),
      names.map((name) => Number(name[0])),
    );
  });

  it('is one file under 1 MB', async () => {
    assert.ok((await stat(join(folder, '1', 'model.onnx'))).size < 1_000_000);
  });
});
