import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundaryOf, MjpegParser } from '../../../src/server/stream/mjpeg.js';

const limits = { frameBytes: 1000, headerBytes: 200 };
const frameOf = (bytes: number, fill: number) => Buffer.alloc(bytes, fill);
const withLength = (frame: Buffer, eol = '\r\n') =>
  Buffer.concat([
    Buffer.from(`--edge${eol}Content-Type: image/jpeg${eol}Content-Length: ${frame.length}${eol}${eol}`),
    frame,
    Buffer.from(eol),
  ]);
const withoutLength = (frame: Buffer, eol = '\r\n') =>
  Buffer.concat([Buffer.from(`--edge${eol}Content-Type: image/jpeg${eol}${eol}`), frame, Buffer.from(eol)]);

function parse(bytes: Buffer, step: number): readonly Buffer[] {
  const frames: Buffer[] = [];
  const parser = new MjpegParser('edge', limits, (frame) => frames.push(frame));
  for (let at = 0; at < bytes.length; at += step) {
    parser.push(bytes.subarray(at, at + step));
  }
  return frames;
}

describe('a multipart stream of images', () => {
  it('gives the same frames however its bytes are cut, with and without lengths, whatever its lines end with', () => {
    // Ends of lines, dashes and the delimiter itself where it does not begin a line.
    const tricky = Buffer.concat([frameOf(3, 13), frameOf(3, 10), Buffer.from('x--edge\r\n\r\n--edg'), frameOf(40, 45)]);
    const frames = [frameOf(1, 200), frameOf(1000, 0), tricky, frameOf(999, 10), frameOf(250, 255)];
    for (const eol of ['\r\n', '\n']) {
      const parts = frames.map((frame, n) => (n % 2 === 1 || n === 2 ? withLength(frame, eol) : withoutLength(frame, eol)));
      const all = Buffer.concat([Buffer.from(eol), ...parts, Buffer.from(`--edge${eol}`)]);
      for (const step of [1, 2, 3, 7, 64, 1000, all.length]) {
        const found = parse(all, step);
        assert.deepEqual(found, frames, `${JSON.stringify(eol)}, ${step} bytes at a time`);
      }
    }
  }); // prettier-ignore

  it('may say its length among blanks, of which a hostile camera sends a million', () => {
    const blanks = ' \t'.repeat(500_000);
    const part = (length: string) => Buffer.from(`--edge\r\nContent-Length:${length}\r\n\r\nabcd`);
    const frames: Buffer[] = [];
    const parser = () => new MjpegParser('edge', { frameBytes: 10, headerBytes: 3_000_000 }, (one) => frames.push(one));
    parser().push(part(`${blanks}4${blanks}`));
    assert.deepEqual(frames, [Buffer.from('abcd')]);
    assert.throws(() => parser().push(part(`4${blanks}4`)), /announces a Content-Length of 4 /);
  });

  it('is refused where it passes a bound, before more is held', () => {
    const endless = Buffer.concat([withoutLength(frameOf(1200, 7)), withoutLength(frameOf(5, 7))]);
    for (const step of [1, 100, 2000]) {
      assert.throws(() => parse(endless, step), /more than 1000 bytes/);
      assert.throws(() => parse(Buffer.from(`--edge\r\nX: ${'x'.repeat(400)}\r\n\r\n`), step), /more than 200 bytes/);
      assert.throws(() => parse(Buffer.from(`--edge\r\nX: ${'x'.repeat(4000)}`), step), /more than (?:200|1000) bytes/);
    }
    for (const length of ['1001', '-1', '1e3', '99999999999999999999', 'ten', '']) {
      const text = `--edge\r\ncontent-length: ${length}\r\n\r\n`;
      assert.throws(() => parse(Buffer.from(text), 5), /announces a Content-Length/, length);
    }
  });

  it('is refused where its parts do not begin with the boundary, and where it says that it ends', () => {
    assert.throws(() => parse(Buffer.from('<html>\r\n\r\n'), 3), /boundary/);
    assert.throws(() => parse(Buffer.from('x\n\n'), 1), /boundary/);
    const wrong = withLength(frameOf(10, 1));
    assert.throws(() => parse(Buffer.concat([wrong, Buffer.from('junk'), wrong]), 8), /boundary/);
    assert.throws(() => parse(Buffer.concat([wrong, Buffer.from('--edge--\r\n\r\n')]), 8), /ended/);
  });

  it('is searched once, also where it is full of delimiters that begin no line', (context) => {
    const large = { frameBytes: 2 ** 20, headerBytes: 200 };
    const parser = new MjpegParser('edge', large, () => assert.fail('no frame is whole'));
    parser.push(Buffer.from('--edge\r\n\r\n'));
    const [pieces, delimiters] = [100, 20];
    const { mock: searches } = context.mock.method(Buffer.prototype as Buffer, 'indexOf');
    for (let n = 0; n < pieces; n += 1) parser.push(Buffer.from('--edge'.repeat(delimiters)));
    // One that ends a piece is found again with the next.
    assert.ok(searches.callCount() <= pieces * (delimiters + 2), `${searches.callCount()} searches`);
  });
});

describe('the boundary of a stream', () => {
  it('is read as cameras write it', () => {
    const kinds: Readonly<Record<string, string>> = {
      'multipart/x-mixed-replace; boundary=frame': 'frame',
      'multipart/x-mixed-replace;boundary="a frame"': 'a frame',
      'Multipart/X-Mixed-Replace; charset=x; Boundary=--myboundary': 'myboundary',
      'multipart/mixed; boundary=B;x=y': 'B',
    };
    for (const [type, boundary] of Object.entries(kinds)) assert.equal(boundaryOf(type), boundary, type);
  });

  it('is asked for: a page, one image and a boundary of any length are refused with what came', () => {
    for (const type of [null, 'text/html', 'image/jpeg', 'multipart/x-mixed-replace', `multipart/x-mixed-replace; boundary=${'x'.repeat(201)}`]) {
      assert.throws(() => boundaryOf(type), /expected multipart\/x-mixed-replace/, String(type));
    }
  }); // prettier-ignore
});
