import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../src/errors.js';
import { decodeImage } from '../../src/image/decode.js';
import { encoder, patterns, resizeTo } from './images.js';

const size = resizeTo(96, 64);
const isRefusal = (error: unknown) =>
  error instanceof AppError && error.code === 'INVALID_INPUT' && /damaged or cut off/.test(error.message);

/** Bytes that hold no marker. */
const trailer = Buffer.from('what some cameras and phones write behind an image '.repeat(4));
const end = Buffer.of(0xff, 0xd9);

describe('the end of a JPEG', () => {
  for (const progressive of [false, true]) {
    const make = () => encoder(patterns['noise']!(96, 64)).jpeg({ quality: 90, progressive }).toBuffer();
    const kind = progressive ? 'progressive' : 'baseline';

    it(`is not missed where all pixels of a ${kind} one are there, whatever follows`, async () => {
      const whole = await make();
      const { data } = await decodeImage(whole, size);
      const bare = whole.subarray(0, -2);
      const forms = { bare, 'half a marker': whole.subarray(0, -1), 'other bytes': Buffer.concat([bare, trailer]) };
      const more = {
        'a trailer behind': Buffer.concat([whole, trailer]),
        zeros: Buffer.concat([bare, Buffer.alloc(40)]),
      };
      for (const [form, file] of Object.entries({ ...forms, ...more })) {
        assert.deepEqual((await decodeImage(file, size)).data, data, form);
      }
    });

    it(`does not hide that a ${kind} one was cut off`, async () => {
      const whole = await make();
      for (const left of [whole.length - 10, Math.floor(whole.length * 0.9), Math.floor(whole.length * 0.6)]) {
        const cut = whole.subarray(0, left);
        // Where little is missing, any bytes are as good as pixels.
        const isMuch = whole.length - left > trailer.length;
        for (const file of [cut, Buffer.concat([cut, end]), ...(isMuch ? [Buffer.concat([cut, trailer])] : [])]) {
          await assert.rejects(decodeImage(file, size), isRefusal, `${left} of ${whole.length} bytes`);
        }
      }
    });
  }

  it('does not hide that scans of a progressive one are missing', async () => {
    const whole = await encoder(patterns['gradient']!(96, 64)).jpeg({ progressive: true }).toBuffer();
    const scans = Array.from(whole.keys()).filter((at) => whole[at] === 0xff && whole[at + 1] === 0xda);
    assert.ok(scans.length > 3);
    for (const at of scans.slice(1)) {
      // Each scan's own tables stand before it; without them the file still ends between two scans.
      await assert.rejects(decodeImage(whole.subarray(0, at), size), isRefusal, `cut at ${at}`);
    }
  });

  it('does not hide that blocks of the last row are missing, whatever the sampling, with an end behind or none', async () => {
    const gray = await encoder(patterns['noise']!(96, 64)).grayscale().jpeg({ quality: 90 }).toBuffer();
    const samplings = ['4:4:4', '4:2:0'].map((chromaSubsampling) =>
      encoder(patterns['noise']!(96, 16)).jpeg({ quality: 90, chromaSubsampling }).toBuffer(),
    );
    for (const whole of [gray, ...(await Promise.all(samplings))]) {
      assert.ok((await decodeImage(whole.subarray(0, -2), size)).data.length > 0);
      for (const missing of [5, 12, 60]) {
        const cut = whole.subarray(0, -2 - missing);
        for (const file of [cut, Buffer.concat([cut, end])]) await assert.rejects(decodeImage(file, size), isRefusal);
      }
    }
  });
});
