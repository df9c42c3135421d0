import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeImage } from '../../src/image/decode.js';
import type { ResizeFit } from '../../src/model/config.js';
import { encoder, patterns, resizeTo } from './pictures.js';
import { resize } from './reference.js';

/** Pixel levels by which a resized pixel may differ from the reference; docs/images.md states the same. */
const tolerance = 2;

type Case = readonly [from: readonly [number, number], to: readonly [number, number], fit: ResizeFit];

const cases: readonly Case[] = [
  [[32, 32], [32, 32], 'fill'],
  [[64, 48], [32, 32], 'fill'],
  [[160, 120], [56, 56], 'cover'],
  [[65, 47], [32, 32], 'contain'],
  [[65, 47], [32, 32], 'cover'],
  [[65, 47], [32, 32], 'inside'],
  [[65, 47], [32, 32], 'outside'],
  [[151, 149], [30, 30], 'fill'],
  [[200, 160], [14, 14], 'cover'],
  [[20, 30], [33, 33], 'fill'],
  [[9, 7], [64, 64], 'contain'],
];

describe('the resize of pictures', () => {
  for (const [from, to, fit] of cases) {
    it(`agrees with the written reference: ${from.join('x')} to ${to.join('x')}, ${fit}`, async (t) => {
      const config = resizeTo(...to, { fit, background: [7, 8, 9] });
      for (const [name, pattern] of Object.entries(patterns)) {
        const picture = pattern(...from);
        const pixels = await decodeImage(await encoder(picture).png().toBuffer(), config);
        const expected = resize(picture, config);
        assert.deepEqual([pixels.width, pixels.height], [expected.width, expected.height]);
        const differences = expected.rgb.map((value, n) => Math.abs(value - pixels.data[n]!));
        const most = differences.reduce((a, b) => Math.max(a, b));
        t.diagnostic(`${name}: at most ${most.toFixed(2)} levels`);
        assert.ok(most <= tolerance, `${name} differs by ${most}`);
      }
    });
  }

  it('gives nearly the same for a JPEG, which the decoder may read at half its size, as for a PNG', async () => {
    const picture = patterns['gradient']!(640, 480);
    const config = resizeTo(64, 64);
    const [jpeg, png] = await Promise.all([
      decodeImage(await encoder(picture).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer(), config),
      decodeImage(await encoder(picture).png().toBuffer(), config),
    ]);
    const most = jpeg.data.reduce((sum, value, n) => Math.max(sum, Math.abs(value - png.data[n]!)), 0);
    assert.ok(most <= tolerance, `differs by ${most}`);
  });
});
