import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { MemoryBudget, RequestMemory } from '../../../../src/server/memory/memory-budget.js';
import { chooseCoding, decodeBody, encodeBody } from '../../../../src/server/http/body/content-encoding.js';

const code = (expected: string) => (thrown: unknown) => (thrown as { code: string }).code === expected;

const within = (limitBytes: number) => ({ limitBytes, memory: new RequestMemory(new MemoryBudget(2 ** 30)) });

describe('content encodings', () => {
  it('reads gzip, deflate in both its forms, and identity', async () => {
    const plain = Buffer.from('{"inputs":[]}');
    for (const [body, coding] of [
      [gzipSync(plain), 'gzip'],
      [gzipSync(plain), ' GZIP '],
      [deflateSync(plain), 'deflate'],
      [deflateRawSync(plain), 'Deflate'],
      [deflateRawSync(plain, { level: 0 }), 'deflate'],
      [deflateSync(plain, { level: 0, windowBits: 9 }), 'deflate'],
      [plain, 'identity'],
    ] as const) {
      assert.deepEqual(await decodeBody(body, coding, within(100)), plain);
    }
  });

  it('refuses other encodings, data that is not what it says, and what was cut', async () => {
    const whole = gzipSync(Buffer.alloc(1000, 'x'));
    await assert.rejects(decodeBody(Buffer.from('x'), 'br', within(10)), code('UNSUPPORTED_ENCODING'));
    await assert.rejects(decodeBody(Buffer.from('garbage'), 'gzip', within(10)), code('INVALID_INPUT'));
    await assert.rejects(decodeBody(Buffer.from('garbage'), 'deflate', within(10)), code('INVALID_INPUT'));
    await assert.rejects(decodeBody(whole.subarray(0, whole.length - 5), 'gzip', within(2000)), code('INVALID_INPUT'));
  });

  it('lets exactly the limit pass and stops a bomb one byte above it', async () => {
    const body = gzipSync(Buffer.alloc(1024));
    assert.equal((await decodeBody(body, 'gzip', within(1024))).length, 1024);
    await assert.rejects(decodeBody(body, 'gzip', within(1023)), code('PAYLOAD_TOO_LARGE'));
  });

  it('chooses by weight, skips what it does not know, and never refuses', () => {
    const table: readonly (readonly [header: string, coding: string | undefined])[] = [
      ['gzip, deflate', 'gzip'],
      ['gzip;q=0.5, deflate', 'deflate'],
      ['gzip;q=0, deflate;q=0', undefined],
      ['br, gzip;q=0.1', 'gzip'],
      ['identity, gzip;q=0.5', undefined],
      ['identity;q=0.5, gzip;q=0.5', 'gzip'],
      ['*', 'gzip'],
      ['*;q=0.5, gzip;q=0', 'deflate'],
      ['br', undefined],
      ['gzip;q=banana, deflate', 'deflate'],
      ['', undefined],
    ];
    for (const [header, coding] of table) assert.equal(chooseCoding(header), coding, header);
  });

  it('writes what it reads', async () => {
    const plain = Buffer.alloc(5000, 'tensor');
    for (const coding of ['gzip', 'deflate'] as const) {
      assert.deepEqual(await decodeBody(await encodeBody(plain, coding), coding, within(5000)), plain);
    }
  });
});
