import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import { configureImages, decodeImage } from '../../../src/image/decode.js';
import { encoder, patterns, resizeTo } from '../images.js';
import { chunks, writePng, writeTiff, type Chunk } from './files.js';
import { curves, grayProfile, rgbProfile } from './profiles.js';
import { colors, grays, make, pixels, refuses } from './rasters.js';
import { spaces } from './reference.js';

describe('samples that are not read', () => {
  const png = (before: Chunk) => writePng(make(colors, 8).raster, 8, [before]);
  const tiff = (kind: Parameters<typeof writeTiff>[1]) => writeTiff(make(colors, 8).raster, kind);
  const strangers: readonly (readonly [what: RegExp, file: Uint8Array])[] = [
    [/high dynamic range \(PQ\)/, png(chunks.points(9, 16, 0, 1))],
    [/high dynamic range \(HLG\)/, png(chunks.points(9, 18, 0, 1))],
    [/limited range/, png(chunks.points(1, 13, 0, 0))],
    [/primaries 3 and transfer function 13/, png(chunks.points(3, 13, 0, 1))],
    [/32-bit float samples without a colour profile/, tiff({ bits: 32, format: 3 })],
    [/16-bit float samples without a colour profile/, writeTiff(make(grays, 'half').raster, { bits: 16, format: 3 })],
    [/64-bit float samples/, tiff({ bits: 64, format: 3 })],
    [/8-bit signed samples/, tiff({ bits: 8, format: 2 })],
    [/16-bit signed samples/, tiff({ bits: 16, format: 2 })],
    [/32-bit signed samples/, tiff({ bits: 32, format: 2 })],
    [/64-bit samples/, tiff({ bits: 64 })],
    [/CIE L\*a\*b\* samples/, tiff({ bits: 8, photometric: 8 })],
    [/YCbCr samples that are not JPEG/, tiff({ bits: 8, photometric: 6 })],
    [/a raw file/, tiff({ bits: 16, isRaw: true })],
    [/unprocessed samples of a camera/, tiff({ bits: 16, photometric: 34_892 })],
    [
      /32-bit samples of gray with alpha/,
      writeTiff(make(grays, 32, { hasAlpha: true }).raster, { bits: 32, extra: [2] }),
    ],
    [
      /32-bit samples with premultiplied alpha/,
      writeTiff(make(colors, 32, { hasAlpha: true }).raster, { bits: 32, extra: [1] }),
    ],
    [
      /of which 0 is white/,
      writeTiff(make(grays, 'float').raster, {
        bits: 32,
        format: 3,
        photometric: 0,
        icc: grayProfile(curves.identity),
      }),
    ],
  ];
  for (const [what, file] of strangers) {
    it(`refuses ${what.source} by name`, async () => {
      await assert.rejects(decodeImage(file, resizeTo(8, 8)), refuses(what));
    });
  }

  it('refuses a JPEG of 12 bits by name', async () => {
    const jpeg = await encoder(patterns['uniform']!(16, 16)).jpeg().toBuffer();
    // The precision stands 4 bytes behind the SOF0 marker.
    jpeg[jpeg.indexOf(Uint8Array.of(0xff, 0xc0)) + 4] = 12;
    await assert.rejects(decodeImage(jpeg, resizeTo(8, 8)), refuses(/12-bit samples/));
  });

  it('reads fewer pixels of wide samples, which lie in memory all at once', async () => {
    const icc = rgbProfile(spaces.sRGB, curves.srgb);
    const { raster } = make(colors, 'float', { hasAlpha: true });
    const file = writeTiff(raster, { bits: 32, format: 3, extra: [2], icc });
    // 16 bytes a pixel, twice as many as all pixels are allowed.
    configureImages({ threads: 1, maxPixels: 2 * pixels - 1 });
    await assert.rejects(decodeImage(file, resizeTo(8, 8)), (error) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, 'PAYLOAD_TOO_LARGE');
      assert.match(error.message, new RegExp(`= ${pixels} pixels; the limit is ${pixels - 1}`));
      return true;
    });
    configureImages({ threads: 1, maxPixels: 2 * pixels });
    assert.equal((await decodeImage(file, resizeTo(8, 8))).width, 8);
  });
});
