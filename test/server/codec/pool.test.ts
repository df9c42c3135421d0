import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodecPool } from '../../../src/server/codec/pool.js';
import type { CodecTask } from '../../../src/server/codec/tasks.js';
import { encodeInferRequest } from '../../../src/protocol/client-request.js';
import { encoder, patterns, plainConfig } from '../../image/pictures.js';
import { identityModel } from '../../protocol/sum-model.js';

const createPool = (threads: number) => new CodecPool({ threads, limits: {}, data: { image: { threads: 1 } } });

const png = await encoder(patterns['noise']!(40, 30)).png().toBuffer();
const images = (count: number): CodecTask => ({
  kind: 'decode-images',
  pictures: Array.from({ length: count }, () => png),
  config: plainConfig(40, 30),
  spec: { name: 'image', datatype: 'UINT8', shape: [-1, 30, 40, 3] },
});
const body = (length: number): CodecTask => {
  const inputs = new Map([['A', { datatype: 'FP32', shape: [length], data: new Float32Array(length) } as const]]);
  return {
    kind: 'decode-infer',
    body: encodeInferRequest({ inputs, form: 'json' }).body,
    model: identityModel('FP32', [-1]),
  };
};

describe('the codec threads', () => {
  it('take from images and bodies in turn, and each in the order they came', async () => {
    const pool = createPool(1);
    const ended: string[] = [];
    const tasks: readonly (readonly [string, CodecTask])[] = [
      ['images 1', images(3)],
      ['images 2', images(1)],
      ['images 3', images(1)],
      ['body 1', body(9000)],
      ['body 2', body(10)],
    ];
    await Promise.all(tasks.map(([name, task]) => pool.run(task).then(() => ended.push(name))));
    assert.deepEqual(ended, ['images 1', 'body 1', 'images 2', 'body 2', 'images 3']);
    await pool.close();
  });

  it('answer each task with its own result, however many wait', async () => {
    const pool = createPool(3);
    await pool.prewarm(true);
    const counts = Array.from({ length: 40 }, (_, n) => (n % 4) + 1);
    const results = await Promise.all(counts.map((count) => pool.run(images(count))));
    assert.deepEqual(
      results.map((result) => (result !== undefined && 'shape' in result ? result.shape[0] : undefined)),
      counts,
    );
    await pool.close();
  });

  it('go on with what waits after a task was refused', async () => {
    const pool = createPool(1);
    const broken = { ...images(1), pictures: [Buffer.from('no picture')] } as CodecTask;
    const [refused, next] = await Promise.allSettled([pool.run(broken), pool.run(images(1))]);
    assert.deepEqual([refused.status, next.status], ['rejected', 'fulfilled']);
    await pool.close();
  });

  it('reject what runs and what waits when they are closed', async () => {
    const pool = createPool(1);
    const settled = Promise.allSettled([pool.run(images(2)), pool.run(images(2)), pool.run(body(10))]);
    await pool.close();
    for (const outcome of await settled) {
      assert.ok(outcome.status === 'rejected');
      assert.equal((outcome.reason as { code: string }).code, 'SHUTTING_DOWN');
    }
    await assert.rejects(pool.run(images(1)), { code: 'SHUTTING_DOWN' });
  });
});
