import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Exchange } from '../../../src/server/http/exchange.js';
import { MemoryBudget, RequestMemory } from '../../../src/server/memory/memory-budget.js';
import { sendAnswer } from '../../../src/server/routes/inference-route.js';

/** An exchange that keeps what it was to send. */
function openExchange(acceptEncoding?: string) {
  const memory = new RequestMemory(new MemoryBudget(1 << 30));
  const sent: (Uint8Array | readonly Uint8Array[])[] = [];
  const header = (name: string) => (name === 'accept-encoding' ? acceptEncoding : undefined);
  const send = (_status: number, body: Uint8Array | readonly Uint8Array[]) => sent.push(body);
  return { exchange: { memory, header, send } as unknown as Exchange, memory, sent };
}

const headers = ['content-type', 'application/json'];

describe('the memory of an answer', () => {
  for (const bytes of [16 * 1024, 100_001, 3_000_000])
    it(`of ${bytes} bytes is there until the answer is over, and gone then`, async () => {
      const { exchange, memory, sent } = openExchange();
      const body = Buffer.from(new ArrayBuffer(bytes)).fill('a');
      await sendAnswer(exchange, { body, headers, compressFromBytes: -1 });
      assert.equal(body.toString('latin1'), 'a'.repeat(bytes));
      memory.close();
      assert.equal(body.buffer.byteLength, 0);
      assert.deepEqual(sent, [body]);
    });

  for (const bytes of [0, 1, 16 * 1024 - 1])
    it(`of ${bytes} bytes is left to the collector`, async () => {
      const { exchange, memory } = openExchange();
      const body = new Uint8Array(bytes).fill(7);
      await sendAnswer(exchange, { body, headers, compressFromBytes: -1 });
      memory.close();
      assert.equal(body.length, bytes);
    });

  it('is left where something else lies beside it', async () => {
    const { exchange, memory } = openExchange();
    const whole = new Uint8Array(200_000).fill(7);
    await sendAnswer(exchange, { body: whole.subarray(100_000), headers, compressFromBytes: -1 });
    memory.close();
    assert.equal(whole.length, 200_000);
  });

  it('is gone in both forms where it was compressed', async () => {
    const { exchange, memory, sent } = openExchange('gzip');
    const body = Buffer.from(new ArrayBuffer(1 << 20));
    let seed = 1;
    for (let at = 0; at < body.length; at++) body[at] = (seed = (seed * 48_271) % 2_147_483_647) & 255;
    const plain = Buffer.copyBytesFrom(body);
    await sendAnswer(exchange, { body, headers, compressFromBytes: 1 });
    const [compressed] = sent as [Buffer];
    assert.deepEqual(gunzipSync(compressed), plain);
    memory.close();
    assert.deepEqual([body.length, compressed.length], [0, 0]);
  });
});
