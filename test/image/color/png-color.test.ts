import { describe, it } from 'node:test';
import { chunks, writePng, type Chunk } from './files.js';
import { profiles } from './profiles.js';
import { assertShows, colors, grays, make } from './rasters.js';
import { spaces, type Curve, type Space } from './reference.js';

describe('colours that a PNG states', () => {
  const p3 = [0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06];
  const srgb = [0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06];
  const power =
    (gamma: number): Curve =>
    (v) =>
      v ** gamma;
  const marked: readonly (readonly [title: string, before: readonly Chunk[], space: Space | Curve | undefined])[] = [
    ['gAMA 1', [chunks.gamma(1)], power(1)],
    ['gAMA 1/1.8', [chunks.gamma(1 / 1.8)], power(1.8)],
    ['the gAMA that writers of sRGB give', [chunks.gamma(0.45455)], undefined],
    ['the gAMA and cHRM of sRGB', [chunks.gamma(0.45455), chunks.chromaticities(...srgb)], undefined],
    ['cHRM of Display P3', [chunks.chromaticities(...p3)], spaces['Display P3']],
    [
      'gAMA and cHRM of Display P3',
      [chunks.gamma(0.45455), chunks.chromaticities(...p3)],
      { ...spaces['Display P3'], curve: power(2.2) },
    ],
    ['sRGB over gAMA', [chunks.srgb, chunks.gamma(1)], undefined],
    ['iCCP over gAMA', [chunks.profile(profiles['Adobe RGB']), chunks.gamma(1)], spaces['Adobe RGB']],
    ['cICP of Display P3', [chunks.points(12, 13, 0, 1)], spaces['Display P3']],
    ['linear cICP', [chunks.points(1, 8, 0, 1)], spaces['linear sRGB']],
    ['cICP over iCCP', [chunks.points(1, 13, 0, 1), chunks.profile(profiles['Adobe RGB'])], undefined],
  ];
  for (const [title, before, space] of marked) {
    it(`follows a PNG's ${title}`, async () => {
      for (const bits of [8, 16] as const) {
        for (const hasAlpha of [false, true]) {
          const { raster, expected } = make(colors, bits, { space, hasAlpha });
          await assertShows(writePng(raster, bits, before), expected);
        }
      }
    });
  }

  it("follows a gray PNG's gAMA", async () => {
    for (const bits of [8, 16] as const) {
      for (const hasAlpha of [false, true]) {
        const { raster, expected } = make(grays, bits, { space: power(1), hasAlpha });
        await assertShows(writePng(raster, bits, [chunks.gamma(1)]), expected);
      }
    }
  });
});
