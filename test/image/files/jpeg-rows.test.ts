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

/** The image at half its size, in two pieces. */
function decodeHalved(jpeg: Uint8Array): Uint8Array {
  return withKernels((kernels) => {
    const { width, height, writeHalved } = decodePlainJpeg(jpeg, readPlainJpeg(jpeg)!, kernels)!;
    const [bytes, first] = [(width / 2) * 3, Math.floor(height / 6)];
    const to = kernels.take((bytes * height) / 2 + 64);
    writeHalved!(0, first, to);
    writeHalved!(first, height / 2 - first, to + first * bytes);
    return kernels.bytes(to, (bytes * height) / 2).slice();
  });
}

const jpegOf = (size: readonly [number, number], options: JpegOptions, pattern = 'noise') =>
  encoder(patterns[pattern]!(...size))
    .jpeg(options)
    .toBuffer();

interface ExifEntry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly value: number;
}

const orient = (value: number): ExifEntry => ({ tag: 0x0112, type: 3, count: 1, value });
const copyright: ExifEntry = { tag: 0x8298, type: 2, count: 2, value: 0x7878 };

/** EXIF of one page that holds the entries and ends with them. */
function exifOf(entries: readonly ExifEntry[], isLittle: boolean): Buffer {
  const bytes = new DataView(new ArrayBuffer(10 + entries.length * 12));
  bytes.setUint16(0, isLittle ? 0x4949 : 0x4d4d);
  bytes.setUint16(2, 42, isLittle);
  bytes.setUint32(4, 8, isLittle);
  bytes.setUint16(8, entries.length, isLittle);
  entries.forEach(({ tag, type, count, value }, n) => {
    bytes.setUint16(10 + n * 12, tag, isLittle);
    bytes.setUint16(12 + n * 12, type, isLittle);
    bytes.setUint32(14 + n * 12, count, isLittle);
    bytes.setUint16(18 + n * 12, value, isLittle);
  });
  return Buffer.concat([Buffer.from('Exif\0\0'), Buffer.from(bytes.buffer)]);
}

/** The file with a segment of EXIF behind its first marker. */
function withExif(jpeg: Buffer, exif: Buffer): Buffer {
  const head = Buffer.of(0xff, 0xe1, (exif.length + 2) >> 8, (exif.length + 2) & 255);
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

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

  for (const kind of ['4:2:0', '4:4:4', 'gray']) {
    it(`halves an image of even size to the means of four pixels, halves of a level up: ${kind}`, async () => {
      for (const [width, height] of [
        [6, 2],
        [8, 8],
        [16, 34],
        [32, 30],
        [34, 16],
        [50, 76],
        [62, 6],
        [332, 150],
      ] as const) {
        for (const pattern of Object.keys(patterns)) {
          const image = encoder(patterns[pattern]!(width, height));
          const chromaSubsampling = kind === 'gray' ? '4:4:4' : kind;
          const jpeg = await (kind === 'gray' ? image.toColourspace('b-w') : image)
            .jpeg({ chromaSubsampling })
            .toBuffer();
          const pixels = await sharp(jpeg).toColourspace('srgb').raw().toBuffer();
          const expected = Buffer.alloc((width / 2) * (height / 2) * 3);
          for (let at = 0; at < expected.length; at += 1) {
            const [x, y] = [Math.floor(at / 3) % (width / 2), Math.floor(at / 3 / (width / 2))];
            const from = (y * 2 * width + x * 2) * 3 + (at % 3);
            const four = [from, from + 3, from + width * 3, from + width * 3 + 3];
            expected[at] = Math.floor((four.reduce((sum, place) => sum + pixels[place]!, 0) + 2) / 4);
          }
          assert.ok(expected.equals(decodeHalved(jpeg)), `${pattern} ${width}x${height}`);
        }
      }
    });
  }

  it('halves no image of odd size', async () => {
    for (const size of [
      [16, 17],
      [17, 16],
    ] as const) {
      const jpeg = await jpegOf(size, {});
      withKernels((kernels) => {
        assert.equal(decodePlainJpeg(jpeg, readPlainJpeg(jpeg)!, kernels)?.writeHalved, undefined);
      });
    }
  });

  it('gives gray JPEGs three equal channels', async () => {
    const jpeg = await encoder(patterns['noise']!(37, 29)).toColourspace('b-w').jpeg().toBuffer();
    const expected = await sharp(jpeg).toColourspace('srgb').raw().toBuffer();
    assert.deepEqual(Buffer.from(decode(jpeg) as Uint8Array), expected);
  });

  it('leaves to the library what is progressive, CMYK, with a profile, turned by EXIF, or narrower than its chroma allows', async () => {
    const image = () => encoder(patterns['noise']!(40, 30));
    const files = {
      progressive: image().jpeg({ progressive: true }),
      CMYK: image().toColourspace('cmyk').jpeg(),
      profile: image().withIccProfile('p3').jpeg(),
      turned: image().withMetadata({ orientation: 6 }).jpeg(),
      narrow: encoder(patterns['noise']!(4, 30)).jpeg({ chromaSubsampling: '4:2:0' }),
    };
    for (const [name, file] of Object.entries(files)) assert.equal(decode(await file.toBuffer()), 'not plain', name);
  });

  it('decodes what EXIF says is upright, or says nothing of, in either order of bytes', async () => {
    const whole = await jpegOf([40, 30], {});
    for (const isLittle of [true, false]) {
      for (const entries of [[], [copyright], [orient(1)], [copyright, orient(1)], [orient(1), orient(1)]]) {
        const file = withExif(whole, exifOf(entries, isLittle));
        const expected = await sharp(file).autoOrient().raw().toBuffer();
        assert.ok(expected.equals(decode(file) as Uint8Array));
      }
    }
  });

  it('leaves to the library what EXIF turns, or says in a way that is not plain', async () => {
    const whole = await jpegOf([40, 30], {});
    const good = exifOf([copyright, orient(1)], true);
    const left: Readonly<Record<string, Buffer>> = {
      ...Object.fromEntries([0, 2, 3, 6, 8, 9, 256].map((n) => [`orientation ${n}`, exifOf([orient(n)], true)])),
      'orientation 6 of big ends': exifOf([orient(6)], false),
      'a second one': exifOf([orient(1), orient(6)], true),
      'another type': exifOf([{ ...orient(1), type: 4 }], true),
      'two values': exifOf([{ ...orient(1), count: 2 }], true),
      'another order of bytes': Buffer.from(good).fill('IM', 6, 8),
      'another number': Buffer.from(good).fill(43, 8, 9),
      'a page before the data': Buffer.from(good).fill(4, 10, 11),
      'a page behind the data': Buffer.from(good).fill(255, 10, 11),
      'cut off': good.subarray(0, good.length - 1),
      'cut off in its header': good.subarray(0, 11),
    };
    for (const [name, exif] of Object.entries(left)) assert.equal(decode(withExif(whole, exif)), 'not plain', name);
    assert.equal(decode(withExif(withExif(whole, good), good)), 'not plain');
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
