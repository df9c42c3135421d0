import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeImage } from '../../../src/image/decode.js';
import { resizeTo } from '../images.js';
import { chunks, writePng, writeTiff } from './files.js';
import { curves, grayProfile, graySpaces, profiles, rgbProfile, tableProfile } from './profiles.js';
import { assertShows, colors, grays, make, refuses } from './rasters.js';
import { spaces, type Curve } from './reference.js';

const profileOf = (name: keyof typeof spaces | undefined) => (name === undefined ? undefined : profiles[name]);
const rgbSpaces = Object.keys(spaces) as (keyof typeof spaces)[];

const grayCases: readonly (readonly [string, readonly [icc: Buffer | undefined, curve: Curve | undefined]])[] = [
  ['no profile', [undefined, undefined]],
  ...Object.entries(graySpaces),
];

describe('colours of PNG and TIFF', () => {
  for (const hasAlpha of [false, true]) {
    const withAlpha = hasAlpha ? ' with alpha' : '';
    const extra = hasAlpha ? { extra: [2] } : {};
    for (const name of [undefined, ...rgbSpaces]) {
      const icc = profileOf(name);
      const how = { space: name && spaces[name], hasAlpha };
      it(`shows RGB${withAlpha} of ${name ?? 'no profile'}, 8, 16 and 32 bits`, async () => {
        for (const bits of [8, 16, 32] as const) {
          const { raster, expected } = make(colors, bits, how);
          await assertShows(writeTiff(raster, { bits, ...extra, icc }), expected);
          if (bits !== 32) {
            await assertShows(writePng(raster, bits, icc === undefined ? [] : [chunks.profile(icc)]), expected);
          }
        }
      });
      if (icc === undefined) continue;
      it(`shows RGB${withAlpha} of ${name}, float and half`, async () => {
        for (const [kind, bits] of [
          ['half', 16],
          ['float', 32],
        ] as const) {
          const { raster, expected } = make(colors, kind, how);
          await assertShows(writeTiff(raster, { bits, format: 3, ...extra, icc }), expected);
        }
      });
    }
    for (const [name, [icc, space]] of grayCases) {
      it(`shows gray${withAlpha} of ${name}`, async () => {
        for (const bits of [8, 16] as const) {
          const { raster, expected } = make(grays, bits, { space, hasAlpha });
          await assertShows(writeTiff(raster, { bits, ...extra, icc }), expected);
          await assertShows(writePng(raster, bits, icc === undefined ? [] : [chunks.profile(icc)]), expected);
        }
        if (hasAlpha) return;
        const wide = make(grays, 32, { space });
        await assertShows(writeTiff(wide.raster, { bits: 32, icc }), wide.expected);
        if (icc === undefined) return;
        for (const [kind, bits] of [
          ['half', 16],
          ['float', 32],
        ] as const) {
          const { raster, expected } = make(grays, kind, { space });
          await assertShows(writeTiff(raster, { bits, format: 3, icc }), expected);
        }
      });
    }
  }

  it('shows what a profile of tables says of 8 bits, and refuses it for other samples', async () => {
    const icc = tableProfile(spaces['linear sRGB']);
    const { raster, expected } = make(colors, 8, { space: spaces['linear sRGB'] });
    // The decoder's library reads tables through a coarse one of its own.
    await assertShows(writePng(raster, 8, [chunks.profile(icc)]), expected, 12);
    for (const [bits, format, words] of [
      [16, 1, /16-bit samples with a colour profile of tables/],
      [32, 3, /32-bit float samples with a colour profile of tables/],
    ] as const) {
      const tiff = writeTiff(make(colors, format === 3 ? 'float' : bits).raster, { bits, format, icc });
      await assert.rejects(decodeImage(tiff, resizeTo(8, 8)), refuses(words));
    }
  });

  it('takes no notice of a profile that cannot be read or is of other samples', async () => {
    const { raster, expected } = make(colors, 16);
    for (const icc of [Buffer.alloc(200, 7), grayProfile(curves.identity), profiles['linear sRGB'].subarray(0, 200)]) {
      await assertShows(writeTiff(raster, { bits: 16, icc }), expected);
    }
  });

  it('shows gray through a profile of colours as equal red, green and blue', async () => {
    for (const bits of [8, 16] as const) {
      const { raster, expected } = make(grays, bits, { space: (v) => v ** 3 });
      const icc = rgbProfile(spaces.sRGB, curves.gamma(3));
      await assertShows(writeTiff(raster, { bits, icc }), expected);
    }
  });

  it('drops samples of no stated meaning, and finds the alpha behind them', async () => {
    for (const bits of [8, 16] as const) {
      for (const [source, extra] of [
        [colors, [0]],
        [grays, [0]],
        [colors, [0, 2]],
      ] as const) {
        const { raster, expected } = make(source, bits, { hasAlpha: extra.length === 2 });
        const perPixel = source[0]!.length + extra.length;
        const own = raster.perPixel;
        const values = source.flatMap((color, n) => {
          const pixel = raster.values.slice(n * own, (n + 1) * own);
          return [...pixel.slice(0, color.length), (n * 7) % 256, ...pixel.slice(color.length)];
        });
        await assertShows(writeTiff({ ...raster, perPixel, values }, { bits, extra }), expected);
      }
    }
  });

  it('divides colours by their premultiplied alpha before it uses the profile', async () => {
    const how = { space: spaces['linear sRGB'], hasAlpha: true };
    const { raster, expected } = make(colors, 'float', how);
    const values = raster.values.map((value, n) => (n % 4 === 3 ? value : value * raster.values[n - (n % 4) + 3]!));
    const kind = { bits: 32, format: 3, extra: [1], icc: profiles['linear sRGB'] } as const;
    await assertShows(writeTiff({ ...raster, values }, kind), expected);
  });
});
