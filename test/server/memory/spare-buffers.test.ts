import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { GrowingBuffer } from '../../../src/server/memory/growing-buffer.js';
import { isKeptSize, isSpare, SpareBuffers } from '../../../src/server/memory/spare-buffers.js';

const mib = 1 << 20;
const step = mib / 4;
const forever = 2 ** 30;

describe('spare buffers', () => {
  it('are for bodies of 1 to 32 MiB', () => {
    const sizes = [0, 1, mib - 1, mib, 3_000_000, 32 * mib, 32 * mib + 1, 2 ** 31];
    assert.deepEqual(sizes.map(isKeptSize), [false, false, false, true, true, true, false, false]);
    const buffers = [0, step, mib, mib + 1, mib + step, 33 * mib].map((bytes) => new ArrayBuffer(bytes));
    assert.deepEqual(buffers.map(isSpare), [false, false, true, false, true, false]);
  });

  for (const bytes of [mib, mib + 1, 2_900_123, 32 * mib])
    it(`give what was kept of a size to the next body of about that size: ${bytes} bytes`, () => {
      const spares = new SpareBuffers(forever, forever);
      const first = spares.take(bytes);
      assert.equal(first.byteLength, Math.ceil(bytes / step) * step);
      const other = spares.take(bytes);
      assert.notEqual(other, first);
      spares.give(first);
      assert.equal(spares.bytes, first.byteLength);
      assert.equal(spares.take(bytes), first);
      assert.equal(spares.bytes, 0);
    });

  it('of another size stay where they are', () => {
    const spares = new SpareBuffers(forever, forever);
    const kept = spares.take(2 * mib);
    spares.give(kept);
    for (const bytes of [mib, 2 * mib - step, 2 * mib + 1, 30 * mib]) assert.notEqual(spares.take(bytes), kept);
    assert.equal(spares.bytes, 2 * mib);
  });

  for (const [limitMib, most] of [
    [1024, 32],
    [256, 32],
    [16, 2],
    [7, 0],
    [0, 0],
  ] as const)
    it(`hold ${most} MiB where requests may hold ${limitMib}, and free the rest at once`, () => {
      const spares = new SpareBuffers(limitMib * mib, forever);
      const buffers = Array.from({ length: 40 }, () => spares.take(mib));
      for (const buffer of buffers) spares.give(buffer);
      assert.equal(spares.bytes, most * mib);
      assert.equal(buffers.filter(({ byteLength }) => byteLength === mib).length, most);
      assert.equal(buffers.filter(({ byteLength }) => byteLength === 0).length, 40 - most);
    });

  it('free what is none of theirs', () => {
    const spares = new SpareBuffers(forever, forever);
    const strange = new ArrayBuffer(mib + 1);
    spares.give(strange);
    assert.deepEqual([spares.bytes, strange.byteLength], [0, 0]);
  });

  it('are freed once none came for a while', async () => {
    const spares = new SpareBuffers(forever, 5);
    for (let round = 0; round < 2; round += 1) {
      const kept = spares.take(mib);
      spares.give(kept);
      while (spares.bytes > 0) await sleep(2);
      assert.equal(kept.byteLength, 0);
    }
  });
});

describe('a growing buffer with spare ones', () => {
  for (const [alignAt, bytes] of [
    [0, mib],
    [5, 1_500_001],
    [166, 3_000_000],
  ] as const)
    it(`lies in one that was used before: ${bytes} bytes`, () => {
      const spares = new SpareBuffers(forever, forever);
      const used = new Uint8Array(spares.take(bytes + ((8 - (alignAt % 8)) % 8))).fill(255);
      spares.give(used.buffer);
      const parts = new GrowingBuffer({ expectedBytes: bytes, alignAt, spares });
      const first = 40_000;
      parts.add(new Uint8Array(first).fill(3));
      const room = parts.room();
      room.fill(1);
      parts.filled(room.length);
      const rest = bytes - first - room.length;
      parts.add(new Uint8Array(rest).fill(2));
      const whole = parts.finish();
      assert.equal(whole.buffer, used.buffer);
      assert.equal(whole.length, bytes);
      assert.equal((whole.byteOffset + alignAt) % 8, 0);
      const expected = [Buffer.alloc(first, 3), Buffer.alloc(room.length, 1), Buffer.alloc(rest, 2)];
      assert.deepEqual(whole, Buffer.concat(expected));
    });

  it('takes none where its length is not known, or small', () => {
    const spares = new SpareBuffers(forever, forever);
    for (const expectedBytes of [undefined, mib - 8]) {
      const parts = new GrowingBuffer({ expectedBytes, spares });
      parts.add(new Uint8Array(mib - 8));
      assert.equal(isSpare(parts.finish().buffer as ArrayBuffer), false);
    }
  });
});
