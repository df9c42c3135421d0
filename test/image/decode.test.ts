import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { AppError } from '../../src/errors.js';
import { configureImages, decodeImage, readUprightSize } from '../../src/image/decode.js';
import { imageBytes } from '../../src/image/image-bytes.js';
import { encoder, patterns, resizeTo } from './images.js';
import { draw } from './reference.js';

/** Four quarters, each in its colour: red, green, blue, white. */
const quarters = draw(32, 32, (x, y) => {
  if (y < 16) return x < 16 ? [255, 0, 0] : [0, 255, 0];
  return x < 16 ? [0, 0, 255] : [255, 255, 255];
});

/** Decodes at the size given and answers the middle of each quarter, rounded to tell colours apart. */
async function cornersOf(bytes: Uint8Array, size = 32): Promise<string> {
  const { data } = await decodeImage(bytes, resizeTo(size, size));
  const at = (x: number, y: number) => Array.from(data.subarray((y * size + x) * 3, (y * size + x) * 3 + 3));
  const [near, far] = [size / 4, (size * 3) / 4];
  const letter = (rgb: readonly number[]) => rgb.map((value) => (value > 225 ? '1' : value < 30 ? '0' : '?')).join('');
  return [at(near, near), at(far, near), at(near, far), at(far, far)].map(letter).join(' ');
}

const upright = '100 010 001 111';

const refusedWith = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError);
  assert.equal(error.code, code);
  assert.match(error.message, words);
  return true;
};

describe('decodeImage', () => {
  const formats = {
    jpeg: () => encoder(quarters).jpeg({ quality: 95 }),
    'progressive jpeg': () => encoder(quarters).jpeg({ quality: 95, progressive: true }),
    png: () => encoder(quarters).png(),
    'palette png': () => encoder(quarters).png({ palette: true }),
    webp: () => encoder(quarters).webp({ lossless: true }),
    gif: () => encoder(quarters).gif(),
    tiff: () => encoder(quarters).tiff({ compression: 'lzw' }),
    avif: () => encoder(quarters).avif({ lossless: true }),
  };
  for (const [format, encode] of Object.entries(formats)) {
    it(`reads ${format}`, async () => assert.equal(await cornersOf(await encode().toBuffer()), upright));
  }

  it('takes the first frame of an animation', async () => {
    const frames = [quarters, patterns['noise']!(32, 32)];
    const stack = Uint8Array.from(frames.flatMap(({ rgb }) => rgb));
    const gif = await sharp(stack, { raw: { width: 32, height: 64, channels: 3, pageHeight: 32 } })
      .gif()
      .toBuffer();
    assert.equal((await sharp(gif).metadata()).pages, 2);
    assert.equal(await cornersOf(gif), upright);
  });

  it('takes the first frame of an AVIF animation, which lies in it as a still', async () => {
    const bytes = await encoder(quarters).avif({ lossless: true }).toBuffer();
    bytes.write('avis', 8, 'latin1');
    const sent = Uint8Array.from(bytes);
    assert.equal(await cornersOf(sent), upright);
    assert.deepEqual(await readUprightSize(sent), { width: 32, height: 32 });
    assert.ok(bytes.equals(sent), 'the bytes that were sent are as they were');
    const cut = sent.subarray(0, -100);
    await assert.rejects(cornersOf(cut), refusedWith('INVALID_INPUT', /AVIF image .* is damaged or cut off/));
  });

  it('turns images upright by all eight EXIF orientations', async () => {
    const stored = ['', '', 'flop', 'rotate180', 'flip', 'transpose', 'rotate270', 'transverse', 'rotate90'];
    for (let orientation = 1; orientation <= 8; orientation += 1) {
      let image = encoder(quarters);
      const change = stored[orientation];
      if (change === 'flop') image = image.flop();
      if (change === 'flip') image = image.flip();
      if (change?.startsWith('rotate') === true) image = image.rotate(Number(change.slice(6)));
      // Rotated images first, mirrored ones after: sharp applies the mirror before the turn within one pipeline.
      if (change === 'transpose') image = sharp(await image.rotate(90).png().toBuffer()).flop();
      if (change === 'transverse') image = sharp(await image.rotate(90).png().toBuffer()).flip();
      const jpeg = await image.withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
      assert.equal(await cornersOf(jpeg), upright, `orientation ${orientation}`);
    }
  });

  it('applies the fit to the upright image', async () => {
    const tall = await encoder(patterns['uniform']!(40, 20)).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const { width, height } = await decodeImage(tall, resizeTo(10, 10, { fit: 'outside' }));
    assert.deepEqual([width, height], [10, 20]);
  });

  it('lays transparent pixels on white, half transparent ones half', async () => {
    const rgba = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 128, 0, 0, 255, 0]);
    const png = await sharp(rgba, { raw: { width: 2, height: 2, channels: 4 } })
      .png()
      .toBuffer();
    const { data } = await decodeImage(png, resizeTo(2, 2));
    assert.deepEqual(Array.from(data), [255, 255, 255, 0, 0, 0, 255, 127, 127, 255, 255, 255]);
  });

  it('gives gray images, with and without alpha, three equal channels', async () => {
    const gray = { raw: { width: 2, height: 1, channels: 1 } } as const;
    const grayAlpha = { raw: { width: 2, height: 1, channels: 2 } } as const;
    const plain = await sharp(Uint8Array.of(50, 200), gray).toColourspace('b-w').png().toBuffer();
    const alpha = await sharp(Uint8Array.of(50, 255, 200, 0), grayAlpha)
      .toColourspace('b-w')
      .png()
      .toBuffer();
    assert.equal((await sharp(plain).metadata()).channels, 1);
    assert.deepEqual(Array.from((await decodeImage(plain, resizeTo(2, 1))).data), [50, 50, 50, 200, 200, 200]);
    assert.deepEqual(Array.from((await decodeImage(alpha, resizeTo(2, 1))).data), [50, 50, 50, 255, 255, 255]);
  });

  for (const [kind, space, channels] of [
    ['RGB', 'rgb16', 3],
    ['gray', 'grey16', 1],
  ] as const) {
    it(`takes the upper 8 of the 16 bits of a ${kind} PNG`, async () => {
      const levels = Uint16Array.from(
        { length: 4 * channels },
        (_, n) => [0, 0x4080, 0x8080, 0xffff][Math.floor(n / channels)]!,
      );
      const raw = { width: 4, height: 1, channels } as const;
      const png = await sharp(levels, { raw }).toColourspace(space).png().toBuffer();
      assert.equal((await sharp(png).metadata()).depth, 'ushort');
      const { data } = await decodeImage(png, resizeTo(4, 1));
      assert.deepEqual(
        Array.from(data),
        [0, 0x40, 0x80, 0xff].flatMap((level) => [level, level, level]),
      );
    });
  }

  for (const [title, keep] of [
    ['with', true],
    ['without', false],
  ] as const) {
    it(`reads CMYK JPEG ${title} a colour profile`, async () => {
      const cmyk = encoder(quarters).toColourspace('cmyk').jpeg({ quality: 100, chromaSubsampling: '4:4:4' });
      const jpeg = await (keep ? cmyk.withIccProfile('cmyk') : cmyk).toBuffer();
      const { space, hasProfile } = await sharp(jpeg).metadata();
      assert.deepEqual([space, hasProfile], ['cmyk', keep]);
      const { data } = await decodeImage(jpeg, resizeTo(32, 32));
      const [red, , , white] = [8 + 8 * 32, 0, 0, 24 + 24 * 32].map((n) => Array.from(data.subarray(n * 3, n * 3 + 3)));
      assert.ok(red![0]! > 180 && red![1]! < 90 && red![2]! < 90, `red became ${red!.join()}`);
      assert.ok(Math.min(...white!) > 245, `white became ${white!.join()}`);
    });
  }

  it('reads an image from base64, bare, with line breaks, URL-safe, or in a data URL, as text or as bytes of text', async () => {
    const png = await encoder(quarters).png().toBuffer();
    const base64 = png.toString('base64');
    const forms = [
      base64,
      base64.replace(/.{76}/g, '$&\r\n'),
      png.toString('base64url'),
      `data:image/png;base64,${base64}`,
    ];
    for (const form of [...forms, ...forms.map((text) => Buffer.from(text))]) {
      assert.equal(await cornersOf(imageBytes(form)), upright);
    }
    assert.equal(imageBytes(png), png);
  });

  const strangers: readonly (readonly [what: RegExp, bytes: Uint8Array | string])[] = [
    [/empty/, ''],
    [/BMP/, 'BM6\0\0\0'],
    [/PDF/, '%PDF-1.7'],
    [/HEIC/, '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
    [/video/, '\0\0\0\x18ftypisom\0\0\0\0mp42isom'],
    [/SVG/, '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'],
    [/HTML/, '<!doctype html><p>'],
    [/JSON/, '{"inputs": []}'],
    [/plain text/, 'hello, is this an image?'],
    [/an address, which is not fetched \(send the image itself\)/, 'https://example.com/cat.jpg'],
    [/an address, which is not fetched/, ' FILE:///etc/hostname'],
    [/plain text/, 'see https://example.com/cat.jpg'],
    [/unknown format/, Uint8Array.of(1, 2, 3, 4)],
  ];
  for (const [what, bytes] of strangers) {
    it(`refuses what seems to be ${what.source}, and says so`, async () => {
      const sent = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
      await assert.rejects(decodeImage(imageBytes(sent), resizeTo(8, 8)), refusedWith('INVALID_INPUT', what));
    });
  }

  for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const) {
    it(`refuses a ${format} that is cut off`, async () => {
      const whole = await encoder(patterns['noise']!(200, 200)).toFormat(format).toBuffer();
      const cut = whole.subarray(0, Math.floor(whole.length * 0.6));
      const refused = refusedWith(
        'INVALID_INPUT',
        new RegExp(`^The ${format.toUpperCase()} image \\(${cut.length} bytes\\)`),
      );
      await assert.rejects(decodeImage(cut, resizeTo(8, 8)), refused);
    });
  }

  it('refuses a damaged PNG', async () => {
    const png = await encoder(patterns['noise']!(64, 64)).png().toBuffer();
    png.fill(0, png.length >> 1, (png.length >> 1) + 64);
    await assert.rejects(decodeImage(png, resizeTo(8, 8)), refusedWith('INVALID_INPUT', /damaged/));
  });

  it('refuses an image of too many pixels before it decodes them, with its size and the limit', async () => {
    const bomb = await encoder(quarters).jpeg().toBuffer();
    // A JPEG's height and width stand 5 and 7 bytes behind its SOF0 marker.
    const frame = bomb.indexOf(Uint8Array.of(0xff, 0xc0));
    bomb.writeUInt16BE(9000, frame + 5);
    bomb.writeUInt16BE(9000, frame + 7);
    await assert.rejects(
      decodeImage(bomb, resizeTo(8, 8)),
      refusedWith('PAYLOAD_TOO_LARGE', /9000x9000 = 81000000 .* 67108864/),
    );
    configureImages({ threads: 1, maxPixels: 1023 });
    const small = await encoder(quarters).jpeg().toBuffer();
    await assert.rejects(decodeImage(small, resizeTo(8, 8)), refusedWith('PAYLOAD_TOO_LARGE', /32x32 = 1024 .* 1023/));
    configureImages({ threads: 1, maxPixels: 1024 });
    assert.equal((await decodeImage(small, resizeTo(8, 8))).width, 8);
  });
});
