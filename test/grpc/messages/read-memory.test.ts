import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { ReadMemory } from '../../../src/grpc/messages/read-memory.js';

/** A connection's calls, the buffers that it was read into, and those that were freed. */
function open(calls: number) {
  const freed: ArrayBufferLike[] = [];
  const read = new ReadMemory((buffers) => freed.push(...buffers));
  const follow = read.connection();
  const streams = Array.from({ length: calls }, () => new Readable({ read: () => undefined }));
  for (const stream of streams) {
    follow(stream);
    stream.on('data', (piece: Buffer) => read.copied(piece));
  }
  return { freed, streams: streams as [Readable, Readable] };
}

const buffers = (count: number) => Array.from({ length: count }, () => new ArrayBuffer(64 * 1024));
const pieces = (buffer: ArrayBuffer) => [0, 1, 2].map((at) => Buffer.from(buffer, at * 16_384, 16_384));
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what a connection is read into', () => {
  it('is freed once every piece was copied and the connection reads into the next, never before', async () => {
    const { freed, streams } = open(2);
    const [first, second] = buffers(2) as [ArrayBuffer, ArrayBuffer];
    for (const [at, piece] of pieces(first).entries()) streams[at % 2]?.push(piece);
    await turn();
    assert.deepEqual(freed, []);
    streams[0].push(pieces(second)[0]);
    assert.deepEqual(freed, [first]);
  });

  it('stays while another call of the connection has a piece of it that is not read', async () => {
    const { freed, streams } = open(2);
    const [first, second, third] = buffers(3) as [ArrayBuffer, ArrayBuffer, ArrayBuffer];
    await turn();
    streams[1].pause();
    const [own, others] = pieces(first) as [Buffer, Buffer];
    others.fill(7);
    streams[0].push(own);
    streams[1].push(others);
    streams[0].push(pieces(second)[0]);
    streams[0].push(pieces(third)[0]);
    await turn();
    assert.deepEqual(freed, [second]);
    const late: number[] = [];
    streams[1].prependListener('data', (piece: Buffer) => late.push(piece.length, piece[16_383] ?? -1));
    streams[1].resume();
    await turn();
    assert.deepEqual(late, [16_384, 7]);
    assert.deepEqual(freed, [second, first]);
  });

  it('is left to the collector where a piece of it is kept, or where it is small', async () => {
    const freed: ArrayBufferLike[] = [];
    const read = new ReadMemory((released) => freed.push(...released));
    const call = new Readable({ read: () => undefined });
    read.connection()(call);
    call.on('data', (piece: Buffer) => piece[0] === 0 && read.copied(piece));
    const [kept, next] = buffers(2) as [ArrayBuffer, ArrayBuffer];
    const [one, two] = pieces(kept) as [Buffer, Buffer];
    two.fill(1);
    for (const piece of [one, two, Buffer.from(new ArrayBuffer(100)), pieces(next)[0]]) call.push(piece);
    await turn();
    assert.deepEqual(freed, []);
  });
});
