import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findFreePort } from '../../bench/targets/free-port.js';
import { jsonOf, send, type Call } from '../support/http.js';
import { sumAndDifference } from '../support/models.js';
import { folderWith, startProcess, urlOf } from '../support/server-process.js';
import { serveFor } from '../support/server.js';
import { goodCall, sums } from './http/cases/case.js';

const m = { name: 'm', graph: sumAndDifference };
const errorOf = (answer: Parameters<typeof jsonOf>[0]) => (jsonOf(answer) as { error: string }).error;
const manage = (action: 'load' | 'unload', key?: string, body = '{}'): Call => ({
  path: `/v2/repository/models/m/${action}`,
  body,
  headers: key === undefined ? {} : { 'x-api-key': key },
});
const overriding = (config: object): string => JSON.stringify({ parameters: { config: JSON.stringify(config) } });

describe('management', () => {
  it('is off unless it is asked for, and says how to ask, while models are listed and run', async (context) => {
    const { url, lines } = await serveFor(context, { models: [m], flags: ['--no-management'] });
    for (const action of ['load', 'unload'] as const) {
      const refused = await send(url, manage(action));
      assert.equal(refused.status, 403);
      assert.match(errorOf(refused), /--management to open it.*NAME:admin:KEY.*--management-port/);
    }
    assert.equal((await send(url, { path: '/v2/repository/index', body: '' })).status, 200);
    sums(await send(url, goodCall));
    const [line] = lines.filter(({ message }) => message === 'audit');
    assert.deepEqual([line?.['action'], line?.['model'], line?.['result']], ['load', 'm', 'refused']);
  });

  it('is for admin keys where keys are asked for, and every call of it is one line with the name of the key', async (context) => {
    const keys = ['ann:admin:admin-key', 'bob:predict:predict-key'];
    const { url, lines } = await serveFor(context, { models: [m], keys, flags: ['--no-management'] });
    assert.equal((await send(url, manage('unload'))).status, 401);
    const refused = await send(url, manage('unload', 'predict-key'));
    assert.deepEqual([refused.status, /'bob' may predict/.test(errorOf(refused))], [403, true]);
    sums(await send(url, { ...goodCall, headers: { 'x-api-key': 'predict-key' } }));
    assert.equal((await send(url, manage('unload', 'admin-key'))).status, 200);
    assert.equal((await send(url, manage('load', 'admin-key'))).status, 200);
    assert.equal((await send(url, manage('load', 'admin-key', '{"parameters":{"x":1}}'))).status, 400);
    const audit = lines.filter(({ message }) => message === 'audit');
    const seen = audit.map(({ key, action, model, result, from }) => [key, action, model, result, from]);
    assert.deepEqual(seen, [
      ['bob', 'unload', 'm', 'refused', '127.0.0.1'],
      ['ann', 'unload', 'm', 'done', '127.0.0.1'],
      ['ann', 'load', 'm', 'done', '127.0.0.1'],
      ['ann', 'load', 'm', 'failed', '127.0.0.1'],
    ]);
    assert.doesNotMatch(JSON.stringify(lines), /admin-key|predict-key/);
  });

  it('has a port of its own where one is named, and that one alone', async (context) => {
    const folder = await folderWith(context, m);
    const port = await findFreePort();
    const server = startProcess(context, '--models', folder, '--no-management', '--management-port', String(port));
    const url = urlOf(await server.until(/ready in/));
    const refused = await send(url, manage('unload'));
    assert.deepEqual([refused.status, /--management-port/.test(errorOf(refused))], [403, true]);
    const own = `http://127.0.0.1:${port}`;
    assert.equal((await send(own, { ...goodCall })).status, 404);
    assert.equal((await send(own, manage('unload'))).status, 200);
    assert.equal((await send(url, goodCall)).status, 404);
    const foreign = { ...manage('load'), headers: { origin: 'https://evil.example' } };
    assert.equal((await send(own, foreign)).status, 403);
  });

  it('gives a load call no more threads and instances than the server may use', async (context) => {
    const { url } = await serveFor(context, { models: [m] });
    for (const [config, text] of [
      [{ execution: { intraOpThreads: 1024 } }, /intraOpThreads 1024 is more.*2 at most/],
      [{ execution: { intraOpThreads: 3 } }, /intraOpThreads 3 is more/],
      [{ instances: { cpu: 1024 } }, /instances.cpu 1024 is more/],
    ] as const) {
      const refused = await send(url, manage('load', undefined, overriding(config)));
      assert.equal(refused.status, 400);
      assert.match(errorOf(refused), text);
    }
    const most = overriding({ execution: { intraOpThreads: 2 }, instances: { cpu: 2 } });
    assert.equal((await send(url, manage('load', undefined, most))).status, 200);
    sums(await send(url, goodCall));
  });
});

describe('keys in a file', () => {
  it('are exchanged while the server runs; a wrong file changes nothing and is told', async (context) => {
    const folder = await folderWith(context, m);
    const file = join(folder, '.keys');
    const exchange = async (text: string): Promise<void> => {
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    };
    await writeFile(file, 'ann:predict:old-key\n');
    const server = startProcess(context, '--models', folder, '--log-format', 'json', '--api-keys-file', file);
    const url = urlOf(await server.until(/"started"/));
    const statusOf = async (key: string) => (await send(url, { ...goodCall, headers: { 'x-api-key': key } })).status;
    assert.deepEqual([await statusOf('old-key'), await statusOf('new-key')], [200, 401]);
    await exchange('ann:predict:old-key\nann:predict:new-key\n');
    await server.until(/keys reloaded/);
    assert.deepEqual([await statusOf('old-key'), await statusOf('new-key')], [200, 200]);
    await exchange('ann:Predict:other-key\n');
    assert.match(await server.until(/could not be reloaded/), /Line 1 of the keys is invalid/);
    assert.deepEqual([await statusOf('new-key'), await statusOf('other-key')], [200, 401]);
    await exchange('ann:predict:last-key\n');
    await server.until(/keys reloaded[^]*keys reloaded/);
    assert.deepEqual([await statusOf('new-key'), await statusOf('last-key')], [401, 200]);
    assert.doesNotMatch(server.text(), /(?:old|new|other|last)-key/);
  });

  it('are slowed down one by one, with the time after which to come again', async (context) => {
    const { url } = await serveFor(context, {
      models: [m],
      keys: ['ann:predict:one-key', 'bob:predict:two-key'],
      flags: ['--key-rate', '2'],
    });
    const ask = (key: string) => send(url, { path: '/v2', headers: { 'x-api-key': key } });
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask('one-key')));
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length > 20 && refused.length < 40, `${refused.length} refused`);
    assert.equal(refused[0]?.headers['retry-after'], '1');
    assert.equal((await ask('two-key')).status, 200);
    assert.equal((await send(url, { path: '/v2/health/ready' })).status, 200);
  });
});
