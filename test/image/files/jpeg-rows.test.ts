import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import sharp, { type JpegOptions } from 'sharp';
import { readPlainJpeg } from '../../../src/image/files/jpeg-plain.js';
import { decodePlainJpeg } from '../../../src/image/files/jpeg-rows.js';
import { withKernels } from '../../../src/image/wasm/kernels.js';
import { sourceHash } from '../../../src/image/wasm/module.js';
import { encoder, patterns } from '../images.js';

/** What the module makes of a file, or which step leaves it to the library. */
function decode(jpeg: Uint8Array): Uint8Array | 'not plain' | 'left' {
  const plain = readPlainJpeg(jpeg);
  if (plain === undefined) return 'not plain';
  return withKernels((kernels) => {
    const rows = decodePlainJpeg(jpeg, plain, kernels);
    if (rows === undefined) return 'left';
    const to = kernels.take(rows.width * rows.height * 3 + 64);
    // In two pieces, as the resampling takes them.
    const first = Math.floor(rows.height / 3);
    rows.write(0, first, to);
    rows.write(first, rows.height - first, to + first * rows.width * 3);
    return kernels.bytes(to, rows.width * rows.height * 3).slice();
  });
}

const jpegOf = (size: readonly [number, number], options: JpegOptions, pattern = 'noise') =>
  encoder(patterns[pattern]!(...size))
    .jpeg(options)
    .toBuffer();

const sizes: readonly (readonly [number, number])[] = [
  [5, 1],
  [8, 8],
  [16, 16],
  [17, 33],
  [33, 18],
  [100, 75],
  [6, 200],
  [331, 149],
];

describe('the decoder of plain JPEGs', () => {
  for (const chromaSubsampling of ['4:2:0', '4:4:4']) {
    it(`gives the very pixels of sharp with chroma ${chromaSubsampling}, of any size and quality`, async () => {
      for (const size of sizes) {
        for (const quality of [10, 60, 95, 100]) {
          for (const pattern of Object.keys(patterns)) {
            const jpeg = await jpegOf(size, { chromaSubsampling, quality }, pattern);
            const [made, expected] = [decode(jpeg), await sharp(jpeg).raw().toBuffer()];
            assert.ok(made instanceof Uint8Array, `${size.join('x')} was left`);
            assert.ok(Buffer.from(made).equals(expected), `${pattern} ${size.join('x')} of quality ${quality}`);
          }
        }
      }
    });
  }

  it('gives gray JPEGs three equal channels', async () => {
    const jpeg = await encoder(patterns['noise']!(37, 29)).toColourspace('b-w').jpeg().toBuffer();
    const expected = await sharp(jpeg).toColourspace('srgb').raw().toBuffer();
    assert.deepEqual(Buffer.from(decode(jpeg) as Uint8Array), expected);
  });

  it('leaves to the library what is progressive, CMYK, with a profile or EXIF, or narrower than its chroma allows', async () => {
    const image = () => encoder(patterns['noise']!(40, 30));
    const files = {
      progressive: image().jpeg({ progressive: true }),
      CMYK: image().toColourspace('cmyk').jpeg(),
      profile: image().withIccProfile('p3').jpeg(),
      EXIF: image().withMetadata({ orientation: 6 }).jpeg(),
      narrow: encoder(patterns['noise']!(4, 30)).jpeg({ chromaSubsampling: '4:2:0' }),
    };
    for (const [name, file] of Object.entries(files)) assert.equal(decode(await file.toBuffer()), 'not plain', name);
  });

  it('leaves to the library every file of which the scan was cut off, or that has no end', async () => {
    const whole = await jpegOf([96, 64], { quality: 90 });
    const end = Buffer.of(0xff, 0xd9);
    const scanAt = readPlainJpeg(whole)!.scanAt;
    for (let left = scanAt; left < whole.length - 2; left += 37) {
      const cut = whole.subarray(0, left);
      for (const file of [cut, Buffer.concat([cut, end])]) assert.equal(decode(file), 'left', `${left} bytes`);
    }
    assert.equal(decode(whole.subarray(0, -2)), 'left');
    assert.equal(decode(Buffer.concat([whole.subarray(0, -2), Buffer.from('more'), end])), 'left');
    assert.ok(decode(Buffer.concat([whole, Buffer.from('a trailer')])) instanceof Uint8Array);
  });

  it('ends with an answer for any bytes, and where it decodes them, gives what sharp gives', async () => {
    const whole = await jpegOf([48, 40], { quality: 80 });
    let state = 1;
    const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 400; round += 1) {
      const damaged = Buffer.from(whole);
      for (let n = 0; n <= round % 4; n += 1) damaged[2 + random(damaged.length - 2)] = random(256);
      const made = decode(damaged);
      if (!(made instanceof Uint8Array)) continue;
      const { data, info } = await sharp(damaged, { failOn: 'none' }).raw().toBuffer({ resolveWithObject: true });
      assert.equal(data.length * (3 / info.channels), made.length, `round ${round}`);
      if (info.channels === 3) assert.ok(Buffer.from(made).equals(data), `round ${round}`);
    }
  });

  it('is compiled from the sources that lie beside it', async () => {
    const hash = createHash('sha256');
    for (const file of (await readdir('wasm')).filter((name) => name.endsWith('.ts')).sort()) {
      hash.update(await readFile(`wasm/${file}`));
    }
    assert.equal(hash.digest('hex'), sourceHash, 'run node tools/wasm.js');
  });
});
