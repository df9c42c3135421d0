import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ownMemory, releaseMemory } from '../../src/tensor/release.js';

describe('released memory', () => {
  it('is gone at once with every view of it, also where it is named twice', () => {
    const buffers = [70_000, 128 * 1024, 1_000_000].map((bytes) => new ArrayBuffer(bytes));
    const views = buffers.map((buffer) => new Float32Array(buffer, 8, 4));
    releaseMemory([...buffers, ...buffers]);
    assert.deepEqual(
      buffers.map(({ byteLength }) => byteLength),
      [0, 0, 0],
    );
    assert.deepEqual(
      views.map(({ length }) => length),
      [0, 0, 0],
    );
    releaseMemory(buffers);
  });

  it('is counted out of what the collector sees, so that a hundred times the limit of its patience never makes it mark', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 2000; count++) releaseMemory([new ArrayBuffer(1_000_000)]);
    assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
  });

  it('is never the pool of small Buffers', () => {
    const small = Buffer.from('a text that lies in the pool');
    releaseMemory([small.buffer]);
    assert.equal(small.toString(), 'a text that lies in the pool');
  });
});

describe('the memory under a view', () => {
  it("is the view's own where nothing else lies in it", () => {
    const buffer = new ArrayBuffer(64);
    assert.deepEqual(ownMemory(new Uint8Array(buffer)), [buffer]);
    assert.deepEqual(ownMemory(new Float32Array(buffer, 0, 15)), []);
    assert.deepEqual(ownMemory(new Float32Array(buffer, 4)), []);
    assert.deepEqual(ownMemory(new Uint8Array(new SharedArrayBuffer(8))), []);
  });
});
