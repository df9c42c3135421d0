import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { send } from '../../support/http.js';
import { slowProduct, sumAndDifference } from '../../support/models.js';
import { folderWith, startProcess as start, urlOf } from '../../support/server-process.js';
import { goodCall, sums } from '../http/cases/case.js';

const m = { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } };
const slow = { name: 'slow', graph: slowProduct(60), config: { batching: { maxRows: 0 }, warmup: false } };
const slowCall = {
  path: '/v2/models/slow/infer',
  body: JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1], data: [1] }] }),
};

describe('the server process', { concurrency: 2 }, () => {
  it('prints URL, models with their inputs, provider, threads and the ledger, and serves', async (context) => {
    const server = start(context, '--models', await folderWith(context, m));
    const text = await server.until(/ready in/);
    assert.match(text, /m\/1 +A INT32\[-1,16\], B INT32\[-1,16\] -> S INT32\[-1,16\], D INT32\[-1,16\]/);
    assert.match(text, /^provider +cpu/m);
    assert.match(text, /^threads +\d+ CPUs? \(.+\): \d+ workers? x \d+ thread/m);
    assert.match(text, /^ready in [\d.]+ s = (\w+ [\d.]+ \+ )+models [\d.]+$/m);
    sums(await send(urlOf(text), goodCall));
  });

  it('finishes what runs and waits on SIGTERM, says not ready meanwhile, and ends with 0', async (context) => {
    const server = start(
      context,
      '--models',
      await folderWith(context, slow, m),
      '--workers',
      '1',
      '--stop-delay',
      '3s',
    );
    const url = urlOf(await server.until(/ready in/));
    const running = Array.from({ length: 3 }, () => send(url, slowCall));
    await send(url, goodCall);
    server.child.kill('SIGTERM');
    await server.until(/stopping/);
    assert.equal((await send(url, { path: '/v2/health/ready' })).status, 503);
    assert.equal((await send(url, { path: '/v2/health/live' })).status, 200);
    assert.deepEqual(
      (await Promise.all(running)).map(({ status }) => status),
      [200, 200, 200],
    );
    assert.deepEqual(await server.ended, [0, null]);
    assert.match(server.text(), /stopped/);
  });

  it('does not wait for a connection on which nothing was ever sent', async (context) => {
    const server = start(context, '--models', await folderWith(context, m), '--stop-timeout', '5s');
    const silent = connect(Number(new URL(urlOf(await server.until(/ready in/))).port), '127.0.0.1');
    await once(silent, 'connect');
    silent.on('error', () => undefined);
    server.child.kill('SIGTERM');
    assert.deepEqual(await server.ended, [0, null]);
  });

  it('says which port is in use and what to type, and ends with 3', async (context) => {
    const other = createServer().listen(0, '127.0.0.1');
    context.after(() => other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    // A cache of its own: in that of the other tests a server that was killed may have left something to report.
    const own = ['--models', await folderWith(context, m), '--cache-dir', await folderWith(context)];
    const server = start(context, ...own, '--port', String(port));
    assert.deepEqual(await server.ended, [3, null]);
    assert.equal(
      server.text(),
      `slipway: 127.0.0.1 port ${port} is in use by another process: stop that one, or choose another port with --port ${port + 1}.\n`,
    );
  });

  it('ends with 2 for a wrong line and with 4 for a models folder that is not there', async (context) => {
    const wrong = start(context, '--workers', 'many');
    assert.deepEqual(await wrong.ended, [2, null]);
    assert.match(wrong.text(), /^slipway: --workers many: expected auto or a whole number/);
    const keys = start(context, '--api-keys-file', '/nowhere/keys');
    assert.deepEqual(await keys.ended, [2, null]);
    assert.match(keys.text(), /--api-keys-file \/nowhere\/keys cannot be read/);
    const missing = start(context, '--models', '/nowhere/models');
    assert.deepEqual(await missing.ended, [4, null]);
    assert.match(missing.text(), /slipway: The models folder \/nowhere\/models cannot be read: create it/);
  });

  it('names a folder that is not there, and not the port that is taken besides', async (context) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    context.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    for (const args of [['modles'], ['--models', '/nowhere/models'], ['modles', '--model-control-mode', 'poll']]) {
      const server = start(context, ...args, '--port', String(port));
      assert.deepEqual(await server.ended, [4, null]);
      assert.match(server.text(), /^slipway: The models folder .*(modles|\/nowhere\/models) cannot be read: create it/);
    }
  });

  it('serves an empty folder and says what to put there', async (context) => {
    const server = start(context, '--models', await folderWith(context));
    const text = await server.until(/ready in/);
    assert.match(text, /no models in .+: put <name>\/<version>\/model\.onnx there/);
    assert.equal((await send(urlOf(text), { path: '/v2/health/ready' })).status, 200);
  });

  it('says what lies in a folder without models instead of them', async (context) => {
    const folder = await folderWith(context);
    await mkdir(join(folder, 'resnet'));
    for (const file of ['alexnet.mar', 'README.md', join('resnet', 'model.pt'), join('resnet', 'labels.txt')])
      await writeFile(join(folder, file), '');
    const text = await start(context, '--models', folder).until(/ready in/);
    assert.match(text, /no models in .+, but alexnet\.mar and 1 more: only ONNX files are served: put <name>/);
  });

  it('serves the rest beside a broken model, and shows its reason', async (context) => {
    const folder = await folderWith(context, m, { ...m, name: 'broken' });
    await writeFile(join(folder, 'broken', '1', 'model.onnx'), 'not a model');
    const server = start(context, '--models', folder);
    const text = await server.until(/not ready: .*started in/);
    assert.match(text, /broken\/1 +NOT READY: .+/);
    const url = urlOf(text);
    sums(await send(url, goodCall));
    const ready = { path: '/v2/health/ready' };
    const unready = await send(url, ready);
    assert.equal(unready.status, 503);
    assert.match(
      unready.body.toString(),
      /"error":"The server is not ready: .*broken.* version 1 cannot be loaded: The model file cannot be read/,
    );
    assert.equal((await send(url, { path: '/v2/repository/models/broken/unload', body: '' })).status, 200);
    assert.equal((await send(url, ready)).status, 200);
  });

  it('tells versions that a higher one replaces from those that failed', async (context) => {
    const folder = await folderWith(context, m, { ...m, version: '2' }, { ...m, version: '10' });
    const text = await start(context, '--models', folder).until(/ready in/);
    for (const version of ['1', '2'])
      assert.match(text, new RegExp(`m/${version} +not served: only the highest version is`));
    assert.match(text, /m\/10 +.*loaded in/);
    assert.doesNotMatch(text, /not ready/i);
  });

  it('writes JSON lines alone where JSON is asked for', async (context) => {
    const server = start(context, '--models', await folderWith(context, m), '--log-format', 'json');
    const text = await server.until(/"started"/);
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const started = lines.find(({ message }) => message === 'started');
    assert.match(String(started?.['url']), /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(started?.['ready'], true);
  });
});
