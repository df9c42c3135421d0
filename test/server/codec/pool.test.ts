import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import sharp from 'sharp';
import { limitOf, modelOf } from '../../../src/server/codec/cost.js';
import { CodecPool } from '../../../src/server/codec/pool.js';
import { performTask } from '../../../src/server/codec/parts.js';
import type { CodecTask } from '../../../src/server/codec/tasks.js';
import { encodeInferRequest } from '../../../src/protocol/client.js';
import { encoder, patterns, plainConfig } from '../../image/images.js';
import { identityModel } from '../../protocol/sum-model.js';

/** Tasks keep their thread to their end, unless they are to give way after each image. */
const createPool = (threads: number, sliceMs = Infinity) =>
  new CodecPool({ threads, limits: {}, data: { image: { threads: 1 }, sliceMs } });
const createYielding = (threads: number) => createPool(threads, 0);

const requestOf = () => {
  const controller = new AbortController();
  return { controller, own: { request: controller, signal: controller.signal } };
};

const png = await encoder(patterns['noise']!(40, 30)).png().toBuffer();
const images = (count: number, model = 'm'): CodecTask => ({
  kind: 'decode-images',
  model,
  images: Array.from({ length: count }, () => png),
  config: plainConfig(40, 30),
  spec: { name: 'image', datatype: 'UINT8', shape: [-1, 30, 40, 3] },
});
const solid = (background: string) =>
  sharp({ create: { width: 40, height: 30, channels: 3, background } })
    .png()
    .toBuffer();
const body = (length: number, name = 'm'): CodecTask => {
  const inputs = new Map([['A', { datatype: 'FP32', shape: [length], data: new Float32Array(length) } as const]]);
  return {
    kind: 'decode-infer',
    body: encodeInferRequest({ inputs, form: 'json' }).body,
    model: { ...identityModel('FP32', [-1]), name },
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

  it('take from models in turn, however much waits for one of them', async () => {
    const pool = createPool(1);
    const ended: string[] = [];
    const tasks = [
      ...Array.from(
        { length: 30 },
        (_, n) => [`flooded ${n}`, n % 2 === 0 ? images(1, 'flooded') : body(10, 'flooded')] as const,
      ),
      ['other 0', images(1, 'other')] as const,
      ['other 1', images(1, 'other')] as const,
    ];
    await Promise.all(tasks.map(([name, task]) => pool.run(task).then(() => ended.push(name))));
    assert.ok(ended.indexOf('other 0') <= 3, ended.join());
    assert.ok(ended.indexOf('other 1') <= 6, ended.join());
    const own = ended.filter((name) => name.startsWith('flooded'));
    assert.deepEqual(
      own.filter((_, n) => n % 2 === 0),
      own.filter((_, n) => n % 2 === 0).sort((a, b) => Number(a.slice(8)) - Number(b.slice(8))),
    );
    await pool.close();
  });

  it('start one by one, the first with the first task, another when all others are busy', async () => {
    const started = new Int32Array(new SharedArrayBuffer(4));
    const data = { image: { threads: 1 }, started };
    const entry = new URL('./counted-thread.js', import.meta.url);
    const pool = new CodecPool({ threads: 3, limits: {}, data, entry });
    assert.equal(started[0], 0);
    for (const task of [images(1), body(10), images(2)]) await pool.run(task);
    assert.equal(started[0], 1);
    await Promise.all([pool.run(images(1)), pool.run(images(1))]);
    assert.equal(started[0], 2);
    await pool.close();
  });

  it('end where they hold much memory and have nothing to do, and start again with the next task', async () => {
    const started = new Int32Array(new SharedArrayBuffer(4));
    const data = { image: { threads: 1 }, started };
    const entry = new URL('./counted-thread.js', import.meta.url);
    const pool = new CodecPool({ threads: 1, limits: {}, data, entry, restMs: 1 });
    const light = images(1);
    for (let task = 0; task < 3; task++) {
      await pool.run(light);
      await wait(20);
    }
    assert.equal(started[0], 1);
    // 147 MB of pixels each.
    const pixels = sharp({ create: { width: 7000, height: 7000, channels: 3, background: '#345' } });
    const large = await pixels.png({ compressionLevel: 1 }).toBuffer();
    // V8 may collect them at any time.
    for (let task = 0; Atomics.load(started, 0) === 1; task++) {
      await pool.run(task % 2 === 0 ? ({ ...light, images: [large] } as CodecTask) : light);
      await wait(20);
    }
    assert.equal(started[0], 2);
    await pool.close();
  });

  it('answer each task with its own result, however many wait', async () => {
    const pool = createPool(3);
    const counts = Array.from({ length: 40 }, (_, n) => (n % 4) + 1);
    const results = await Promise.all(counts.map((count) => pool.run(images(count))));
    assert.deepEqual(
      results.map((result) => ('shape' in result ? result.shape[0] : undefined)),
      counts,
    );
    await pool.close();
  });

  it('go on with what waits after a task was refused', async () => {
    const pool = createPool(1);
    const broken = { ...images(1), images: [Buffer.from('no image')] } as CodecTask;
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

  it('fail a task that never ends, say which it was, and do the others on another thread', async () => {
    const told: object[] = [];
    const limitOf = (task: CodecTask) => (modelOf(task) === 'hangs' ? 50 : 600_000);
    const entry = new URL('./hanging-thread.js', import.meta.url);
    const events = { onStuck: (event: object) => told.push(event) };
    const pool = new CodecPool({ threads: 2, limits: {}, data: { image: { threads: 1 } }, entry, limitOf, events });
    const others = Array.from({ length: 6 }, (_, n) => pool.run(images(n + 1)));
    for (const hanging of [body(10, 'hangs'), images(1, 'hangs')]) {
      await assert.rejects(pool.run(hanging), { code: 'WORKER_LOST', message: /took longer than 0.05 s/ });
      assert.deepEqual(told.pop(), { task: hanging.kind, model: 'hangs', limitMs: 50 });
    }
    assert.equal((await Promise.all(others)).length, 6);
    assert.ok(await pool.run(body(10)));
    await pool.close();
  });

  it('go from request to request between images, and answer each as if it had been alone', async () => {
    const pool = createYielding(1);
    const ended: string[] = [];
    const pngs = await Promise.all(['#000', '#555', '#aaa', '#fff'].map(async (background) => solid(background)));
    const many = { ...images(4), images: [pngs[0], pngs[1]?.toString('base64'), pngs[2], pngs[3]] } as CodecTask;
    const withSizes = { ...many, kind: 'decode-sized-images', withPreviews: true } as CodecTask;
    const tasks: readonly (readonly [string, CodecTask])[] = [
      ['many', many],
      ['with sizes', withSizes],
      ['one', images(1)],
      ['body', body(9000)],
    ];
    const results = await Promise.all(
      tasks.map(async ([name, task]) => {
        const result = await pool.run(task, requestOf().own);
        ended.push(name);
        return result;
      }),
    );
    assert.deepEqual(ended.slice(0, 2).sort(), ['body', 'one']);
    const alone = structuredClone(await Promise.all([many, withSizes].map((task) => performTask(task))));
    assert.deepEqual(results.slice(0, 2), alone);
    assert.ok('tensor' in alone[1]! && alone[1].previews?.length === 4);
    await pool.close();
  });

  it('name an image that is refused by its place in the request, after whatever gave way before it', async () => {
    const pool = createYielding(1);
    const broken = { ...images(1), images: [png, png, Buffer.from('no image'), png] } as CodecTask;
    const [refused, other] = await Promise.allSettled([
      pool.run(broken, requestOf().own),
      pool.run(images(1), requestOf().own),
    ]);
    assert.equal(other.status, 'fulfilled');
    assert.ok(refused.status === 'rejected');
    assert.match(String(refused.reason), /Image 3 of 4/);
    await pool.close();
  });

  it('are shared by requests, of which one may have as many tasks as it likes', async () => {
    const pool = createYielding(2);
    const [flood, other] = [requestOf().own, requestOf().own];
    const ended: string[] = [];
    const all = Array.from({ length: 12 }, (_, n) => pool.run(images(2), flood).then(() => ended.push(`flood ${n}`)));
    await Promise.all([...all, pool.run(images(1), other).then(() => ended.push('other'))]);
    assert.ok(ended.indexOf('other') <= 2, ended.join());
    await pool.close();
  });

  it('do nothing of a request that has ended, and stop between the images that they are at', async () => {
    const pool = createYielding(1);
    const { controller, own } = requestOf();
    // If the second were looked at, it would be refused as no image.
    const broken = { ...images(1), images: [png, Buffer.from('no image')] } as CodecTask;
    const given = [pool.run(broken, own), pool.run(images(1), own), pool.run(body(10), own)];
    const other = pool.run(images(1), requestOf().own);
    controller.abort();
    for (const outcome of await Promise.allSettled(given)) {
      assert.ok(outcome.status === 'rejected');
      const { code, message } = outcome.reason as { code: string; message: string };
      assert.deepEqual([code, message], ['CLIENT_GONE', 'The client left before model m answered.']);
    }
    assert.ok(await other);
    await assert.rejects(pool.run(images(1), own), { code: 'CLIENT_GONE' });
    await pool.close();
  });

  it('answer what ended before its request did, and listen to it no longer', async () => {
    const pool = createPool(1);
    const { controller, own } = requestOf();
    assert.ok(await pool.run(images(1), own));
    assert.equal(getEventListeners(own.signal, 'abort').length, 0);
    controller.abort();
    assert.ok(await pool.run(images(1), requestOf().own));
    await pool.close();
  });

  it('are given as much time as what they read may need', () => {
    const [small, large] = [limitOf(body(10)), limitOf(body(2 ** 20))];
    assert.ok(small >= 60_000 && large >= small + 2000, `${small} ${large}`);
    assert.ok(limitOf(images(4)) > limitOf(images(1)));
  });
});
