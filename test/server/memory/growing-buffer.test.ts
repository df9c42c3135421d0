import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GrowingBuffer } from '../../../src/server/memory/growing-buffer.js';
import { createRandom } from '../../../src/tensor/random.js';

const random = createRandom(11);
const bytesOf = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, () => Math.floor(random() * 256)));

/** Pieces of random lengths, each in memory of its own. */
function cut(bytes: Buffer, most: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = 1 + Math.floor(random() * most);
    const piece = Buffer.allocUnsafeSlow(Math.min(length, bytes.length - at));
    bytes.copy(piece, 0, at);
    pieces.push(piece);
    at += piece.length;
  }
  return pieces;
}

describe('a growing buffer', () => {
  it('puts pieces of any size together, aligned where it was asked, whether their number is known or not', () => {
    for (const length of [0, 1, 7, 4096, 65_536, 65_537, 300_001]) {
      const bytes = bytesOf(length);
      for (const expectedBytes of [undefined, length]) {
        for (const [alignAt, most] of [
          [0, 3000],
          [5, 70_000],
          [166, length + 1],
        ] as const) {
          const parts = new GrowingBuffer({ expectedBytes, alignAt });
          for (const piece of cut(bytes, most)) parts.take(piece);
          const whole = parts.finish();
          assert.deepEqual(whole, bytes);
          assert.equal((whole.byteOffset + alignAt) % 8, 0);
        }
      }
    }
  });

  it('frees the pieces handed over, once a few have come', () => {
    const parts = new GrowingBuffer();
    const pieces = Array.from({ length: 9 }, () => Buffer.allocUnsafeSlow(65_536).fill(3));
    for (const piece of pieces) parts.take(piece);
    parts.finish();
    assert.deepEqual(
      pieces.map(({ length }) => length),
      pieces.map(() => 0),
    );
  });

  it('keeps nothing of pieces that it was only shown, nor of parts of larger memory', () => {
    const [shown, part] = [bytesOf(40_000), bytesOf(40_000).subarray(1)];
    const parts = new GrowingBuffer();
    parts.add(shown);
    parts.take(part);
    assert.deepEqual(parts.finish(), Buffer.concat([shown, part]));
    assert.equal(shown.length + part.length, 79_999);
  });

  it('counts what it holds before it holds it: at most twice the bytes that came, and of a known length what has filled', () => {
    for (const [expectedBytes, most] of [
      [undefined, 2],
      [20_000_000, 2],
    ] as const) {
      const holds: number[] = [];
      let came = 0;
      const parts = new GrowingBuffer({ expectedBytes, onHold: (bytes) => holds.push(bytes) });
      for (let count = 0; count < 100; count++) {
        came += 100_000;
        parts.add(Buffer.alloc(100_000, count));
        const held = holds.at(-1) ?? 0;
        assert.ok(held >= came && held <= Math.max(most * came, 1024 * 1024), `${held} held of ${came}`);
      }
      assert.ok(holds.length <= 10, `${holds.length} steps`);
    }
    const exact: number[] = [];
    const parts = new GrowingBuffer({ expectedBytes: 921_766, onHold: (bytes) => exact.push(bytes) });
    parts.add(Buffer.alloc(1000));
    parts.add(Buffer.alloc(31_768));
    assert.deepEqual(exact, [16_384, 921_766]);
  });

  it('holds no memory for bytes that were only announced: at most 128 times what came, and little before 32 KiB came', () => {
    for (const [cameBytes, expectedBytes, memoryBytes] of [
      [0, 64_000_000, 0],
      [1, 0, 1],
      [1, 10, 10],
      [1, 64_000_000, 16_384],
      [20_000, 20_001, 20_000],
      [20_000, 64_000_000, 20_000],
      [32_767, 64_000_000, 32_767],
      [32_768, 921_766, 921_766],
      [32_768, 4_194_304, 4_194_304],
      [32_768, 64_000_000, 4_194_304],
      [65_300, 4_915_366, 4_915_366],
      [65_300, 64_000_000, 8_358_400],
      [500_000, 64_000_000, 64_000_000],
    ] as const) {
      const parts = new GrowingBuffer({ expectedBytes });
      if (cameBytes > 0) parts.add(Buffer.alloc(cameBytes));
      assert.equal(parts.finish().buffer.byteLength, memoryBytes, `${cameBytes} of ${expectedBytes}`);
    }
  });

  it('gives room for what is missing and no more, however little came at first', () => {
    for (const first of [1, 16_383, 16_384, 32_768, 65_536]) {
      const bytes = bytesOf(300_001);
      const parts = new GrowingBuffer({ expectedBytes: bytes.length, alignAt: 3 });
      parts.add(bytes.subarray(0, first));
      while (parts.length < bytes.length) {
        const room = parts.room();
        assert.ok(room.length >= 1 && room.length <= bytes.length - parts.length);
        room.set(bytes.subarray(parts.length, parts.length + room.length));
        parts.filled(room.length);
      }
      assert.deepEqual(parts.finish(), bytes);
    }
  });

  it('holds a million pieces of one byte in memory that their bytes explain', () => {
    const holds: number[] = [];
    const parts = new GrowingBuffer({ onHold: (bytes) => holds.push(bytes) });
    const piece = Uint8Array.of(32);
    for (let count = 0; count < 1_000_000; count++) parts.take(piece);
    assert.equal(parts.finish().length, 1_000_000);
    assert.ok((holds.at(-1) ?? 0) <= 2_000_000);
  });

  it('passes on what the count throws, with nothing added', () => {
    const parts = new GrowingBuffer({
      onHold: () => {
        throw new RangeError('no more');
      },
    });
    assert.throws(() => parts.add(Buffer.alloc(1)), /no more/);
    assert.equal(parts.length, 0);
  });
});
