import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeImage } from '../../../src/image/decode.js';
import { resizeTo } from '../images.js';
import sharp from 'sharp';
import { curves, graySpaces, profiles, rgbProfile } from './profiles.js';
import { assertShows, colors, grays, height, make, pixels, refuses, width } from './rasters.js';
import { shown, spaces, type Curve, type Space } from './reference.js';

const rgbSpaces = Object.keys(spaces) as (keyof typeof spaces)[];

describe('colours of JPEG, WebP and AVIF', () => {
  const { raster } = make(colors, 8);
  const flat = () => sharp(Uint8Array.from(raster.values), { raw: { width, height, channels: 3 } });

  it('shows profiled WebP and JPEG of colours', async () => {
    const { raster: pixelsOf, expected } = make(colors, 8, { space: spaces['Display P3'] });
    assert.deepEqual(pixelsOf, raster);
    const webp = insertWebpProfile(await flat().webp({ lossless: true }).toBuffer(), profiles['Display P3']);
    await assertShows(webp, expected);
    // A JPEG's own pixels are only known from itself.
    const jpeg = await flat().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
    const own = await sharp(jpeg).raw().toBuffer();
    const shownOf = (space: Space) =>
      Array.from({ length: pixels }, (_, n) =>
        shown(
          [0, 1, 2].map((c) => own[n * 3 + c]! / 255),
          space,
        ),
      ).flat();
    for (const name of rgbSpaces) {
      await assertShows(insertJpegProfile(jpeg, profiles[name]), shownOf(spaces[name]));
    }
  });

  it('shows gray JPEG through profiles of gray and of colours', async () => {
    const values = Uint8Array.from(make(grays, 8).raster.values);
    const jpeg = await sharp(values, { raw: { width, height, channels: 1 } })
      .toColourspace('b-w')
      .jpeg({ quality: 100 })
      .toBuffer();
    const own = await sharp(jpeg).toColourspace('b-w').raw().toBuffer();
    const cases: readonly (readonly [Buffer, Curve])[] = [
      ...Object.values(graySpaces),
      [rgbProfile(spaces.sRGB, curves.gamma(3)), (v) => v ** 3],
    ];
    for (const [icc, curve] of cases) {
      const expected = Array.from(own, (value) => shown([value / 255], curve)).flat();
      await assertShows(insertJpegProfile(jpeg, icc), expected);
    }
  });

  for (const bitdepth of [8, 10, 12] as const) {
    it(`follows the coding points of a ${bitdepth}-bit AVIF, and refuses those of high dynamic range`, async () => {
      const avif = await flat().avif({ lossless: true, bitdepth }).toBuffer();
      const nclx = avif.indexOf('colrnclx', 0, 'latin1') + 8;
      assert.ok(nclx > 8);
      const withPoints = (primaries: number, transfer: number) => {
        const changed = Buffer.from(avif);
        changed.writeUInt16BE(primaries, nclx);
        changed.writeUInt16BE(transfer, nclx + 2);
        return changed;
      };
      // Lossless in YCbCr still rounds once.
      const own = (await decodeImage(avif, resizeTo(width, height))).data;
      const expected = Array.from({ length: pixels }, (_, n) =>
        shown(
          [0, 1, 2].map((c) => own[n * 3 + c]! / 255),
          spaces['Display P3'],
        ),
      ).flat();
      await assertShows(withPoints(12, 13), expected, bitdepth === 8 ? 1 : 12);
      await assertShows(withPoints(1, 13), Array.from(own), 0);
      await assert.rejects(decodeImage(withPoints(9, 16), resizeTo(8, 8)), refuses(/high dynamic range \(PQ\)/));
    });
  }
});

/** A JPEG with a profile in one APP2 segment behind its first marker. */
function insertJpegProfile(jpeg: Buffer, icc: Buffer): Buffer {
  const head = Buffer.from('\xff\xe2\0\0ICC_PROFILE\0\x01\x01', 'latin1');
  head.writeUInt16BE(icc.length + 16, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, icc, jpeg.subarray(2)]);
}

/** A WebP file of one chunk of pixels, made an extended one with a profile (RFC 9649, 2.7). */
function insertWebpProfile(webp: Buffer, icc: Buffer): Buffer {
  const padded = Buffer.concat([icc, Buffer.alloc(icc.length % 2)]);
  const extended = Buffer.from('VP8X\x0a\0\0\0\x20\0\0\0\0\0\0\0\0\0ICCP\0\0\0\0', 'latin1');
  extended.writeUIntLE(width - 1, 12, 3);
  extended.writeUIntLE(height - 1, 15, 3);
  extended.writeUInt32LE(icc.length, 22);
  const file = Buffer.concat([webp.subarray(0, 12), extended, padded, webp.subarray(12)]);
  file.writeUInt32LE(file.length - 8, 4);
  return file;
}
