import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeImage, decodeWhole } from '../../src/image/decode.js';
import { resizeTo } from './images.js';

const segment = (marker: number, ...content: readonly number[]): Buffer =>
  Buffer.from([0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255, ...content]);

const start = Buffer.of(0xff, 0xd8);
const end = Buffer.of(0xff, 0xd9);
/** A marker that no length follows (ITU-T T.81, table B.1). */
const temporary = Buffer.of(0xff, 0x01);

/** A gray progressive JPEG of 8x8 pixels, whose scans after the first refine the coefficients one by one, each bit by bit (G.1.2.3). */
function withScans(count: number, between: Buffer = Buffer.alloc(0)): Buffer {
  const tables = [
    segment(0xdb, 0, ...Array<number>(64).fill(16)),
    segment(0xc2, 8, 0, 8, 0, 8, 1, 1, 0x11, 0),
    // One code each: the difference 0, and the end of the block.
    segment(0xc4, 0x00, 1, ...Array<number>(15).fill(0), 0),
    segment(0xc4, 0x10, 1, ...Array<number>(15).fill(0), 0),
  ];
  const data = Buffer.of(0x7f);
  const scans = [segment(0xda, 1, 1, 0, 0, 0, 0), data];
  for (let n = 1; n < count; n += 1) {
    const [coefficient, low] = [1 + Math.floor((n - 1) / 14), 13 - ((n - 1) % 14)];
    const high = low === 13 ? 0 : low + 1;
    scans.push(between, segment(0xda, 1, 1, 0, coefficient, coefficient, high * 16 + low), data);
  }
  return Buffer.concat([start, ...tables, ...scans, end]);
}

describe('the scans of a JPEG', () => {
  for (const [what, decode] of [
    ['decoded', (file: Buffer) => decodeImage(file, resizeTo(8, 8))],
    ['looked at again', decodeWhole],
  ] as const)
    it(`are read up to a hundred, and refused beyond, where it is ${what}`, async () => {
      for (const count of [1, 2, 99, 100]) {
        const { data } = await decode(withScans(count));
        assert.deepEqual([...new Set(data)], [128], `${count} scans`);
      }
      for (const file of [withScans(101), withScans(882), withScans(882, temporary)])
        await assert.rejects(decode(file), {
          code: 'INVALID_INPUT',
          message: /^The JPEG image \(\d+ bytes\) has more than 100 scans, .*Save it again\.$/,
        });
    });
});
