import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';

const folder = 'models/digits';
const side = 28;
const pixels = side * side;
const tileSide = 8;
const tilesPerRow = 20;

let session: InferenceSession;
let heldOut: Awaited<ReturnType<typeof readHeldOut>>;

/** Digits of gray pictures of 28x28 bytes each, by the bundled model. */
async function classify(pictures: readonly Uint8Array[]): Promise<readonly number[]> {
  const data = new Float32Array(pictures.length * pixels);
  for (const [index, picture] of pictures.entries()) {
    data.set(Float32Array.from(picture, (value) => value / 255), index * pixels);
  }
  const { logits } = await session.run({ image: new Tensor('float32', data, [pictures.length, 1, side, side]) });
  const values = logits!.data as Float32Array;
  return pictures.map((_, row) => {
    const scores = values.subarray(row * 10, row * 10 + 10);
    return scores.indexOf(Math.max(...scores));
  });
}

/** The held-out digits as the model's README measures them: 8x8 enlarged to 20x20 in the middle of 28x28. */
async function readHeldOut(): Promise<{ readonly pictures: readonly Uint8Array[]; readonly labels: readonly number[] }> {
  const labels = (await readFile(join(folder, 'held-out', 'labels.txt'), 'utf8')).trim().split('\n').map(Number);
  const sheet = await readFile(join(folder, 'held-out', 'digits.png'));
  const pictures = labels.map(async (_, index) => {
    const left = (index % tilesPerRow) * tileSide;
    const top = Math.floor(index / tilesPerRow) * tileSide;
    const tile = await sharp(sheet).extract({ left, top, width: tileSide, height: tileSide }).png().toBuffer();
    const grown = sharp(tile).linear(255 / 240).resize(20, 20, { kernel: 'cubic' });
    return grown.extend({ top: 4, bottom: 4, left: 4, right: 4, background: 'black' }).grayscale().raw().toBuffer();
  });
  return { pictures: await Promise.all(pictures), labels };
}

const accuracy = (guesses: readonly number[], labels: readonly number[]): number =>
  guesses.filter((guess, index) => guess === labels[index]).length / labels.length;

describe('the bundled digits model', () => {
  before(async () => {
    session = await InferenceSession.create(join(folder, '1', 'model.onnx'), { intraOpNumThreads: 1 });
    heldOut = await readHeldOut();
  });

  it('is right on at least 97 % of the 360 held-out digits', async () => {
    const { pictures, labels } = heldOut;
    assert.equal(labels.length, 360);
    assert.equal(new Set(labels).size, 10);
    assert.ok(accuracy(await classify(pictures), labels) >= 0.97);
  });

  it('is as right on dark ink on light paper', async () => {
    const { pictures, labels } = heldOut;
    const inverted = pictures.map((picture) => picture.map((value) => 255 - value));
    assert.ok(accuracy(await classify(inverted), labels) >= 0.97);
  });

  it('reads every sample picture as the digit in its name', async () => {
    const names = (await readdir(join(folder, 'samples'))).sort();
    const pictures = names.map((name) =>
      sharp(join(folder, 'samples', name)).resize(side, side, { fit: 'cover' }).grayscale().raw().toBuffer(),
    );
    assert.ok(names.length >= 10);
    assert.deepEqual(await classify(await Promise.all(pictures)), names.map((name) => Number(name[0])));
  });

  it('takes under 1 MB', async () => {
    assert.ok((await stat(join(folder, '1', 'model.onnx'))).size < 1_000_000);
  });
});
