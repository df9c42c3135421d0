import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { AppError, connect, tensor } from '../../src/client/index.js';
import { serve, type LogEntry, type ServerOptions } from '../../src/server/in-process.js';
import { failsOnLargeIndex, putModel, sumAndDifference } from '../support/models.js';

async function folderFor(context: TestContext, ...models: readonly Parameters<typeof putModel>[1][]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-embedded-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  for (const model of models) await putModel(folder, model);
  return folder;
}

/** A server in this process that ends with the test, on a free port. */
async function serveHere(context: TestContext, options: ServerOptions) {
  const cacheDir = await mkdtemp(join(tmpdir(), 'slipway-embedded-cache-'));
  const server = await serve({ port: 0, executionProvider: 'cpu', cacheDir, ...options });
  context.after(async () => {
    await server.stop();
    await rm(cacheDir, { recursive: true, force: true });
  });
  return { server, cacheDir };
}

const sums = { name: 'sums', graph: sumAndDifference };
const hooks = ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit', 'uncaughtException', 'unhandledRejection', 'disconnect'];
const countHooks = (): readonly number[] => hooks.map((name) => process.listenerCount(name));

async function addAndSubtract(url: string): Promise<readonly unknown[]> {
  const connection = await connect({ url });
  const A = tensor(
    Int32Array.from({ length: 16 }, (_, at) => at * 1000),
    [1, 16],
  );
  const B = tensor(
    Int32Array.from({ length: 16 }, (_, at) => 7 - at),
    [1, 16],
  );
  const { outputs } = await connection.model('sums').infer({ A, B });
  connection.close();
  return ['S', 'D'].map((name) => outputs[name]?.data.at(-1));
}

describe('a server in the process of a program', () => {
  it('runs beside others, each with its own settings, and takes no hook of the process', async (context) => {
    const before = countHooks();
    const models = await folderFor(context, sums);
    const [{ server: one }, { server: two }] = await Promise.all([
      serveHere(context, { models, maxBodyBytes: 256 }),
      serveHere(context, { models, maxBodyBytes: '1M', serverName: 'second' }),
    ]);
    await Promise.all([one.ready, two.ready]);
    assert.notEqual(one.url, two.url);
    assert.deepEqual(await addAndSubtract(two.url), [14_992, 15_008]);
    await assert.rejects(addAndSubtract(one.url), { code: 'PAYLOAD_TOO_LARGE' });
    const { name } = (await (await fetch(`${two.url}/v2`)).json()) as { readonly name: string };
    assert.equal(name, 'second');
    await one.stop();
    await assert.rejects(fetch(one.url));
    assert.deepEqual(await addAndSubtract(two.url), [14_992, 15_008]);
    assert.deepEqual(countHooks(), before);
  });

  it('says why it will not be ready, and serves the models that are', async (context) => {
    const models = await folderFor(context, sums);
    await writeFile(join(models, 'broken.onnx'), 'no model');
    const lines: LogEntry[] = [];
    const { server } = await serveHere(context, { models, onLog: (entry) => lines.push(entry) });
    const failure: unknown = await server.ready.catch((thrown: unknown) => thrown);
    assert.ok(failure instanceof AppError && failure.code === 'MODEL_NOT_READY');
    assert.match(failure.message, /broken/);
    assert.deepEqual(await addAndSubtract(server.url), [14_992, 15_008]);
    assert.ok(lines.some(({ level, model }) => level === 'error' && model === 'broken'));
  });

  it('refuses a wrong setting by the name of its flag, and a taken port', async (context) => {
    const refusals = [
      [{ port: 99_999 }, /"port": "99999" of serve\(\): expected a whole number from 0 to 65535/],
      [{ maxBodyBytes: 'many' }, /"max-body-bytes": "many" of serve\(\): expected a number of bytes/],
      [{ prot: 1 } as ServerOptions, /"prot" is not allowed: expected the name of a flag/],
      [{ supervisor: true } as ServerOptions, /"supervisor" is not allowed/],
      [{ models: '/nowhere/x.onnx' }, /There is no model file \/nowhere\/x\.onnx/],
    ] as const;
    for (const [options, message] of refusals) await assert.rejects(serve(options), { code: 'USAGE', message });
    const { server } = await serveHere(context, { models: await folderFor(context) });
    const port = Number(new URL(server.url).port);
    await assert.rejects(serve({ port, models: await folderFor(context) }), { code: 'PORT_IN_USE' });
  });

  it('leaves no fetch of models behind where its port is taken', async (context) => {
    const { server } = await serveHere(context, { models: await folderFor(context) });
    const store = createServer().listen(0, '127.0.0.1');
    context.after(() => store.close());
    await once(store, 'listening');
    const asked = once(store, 'request') as Promise<[IncomingMessage]>;
    const models = `http://127.0.0.1:${(store.address() as AddressInfo).port}/sums.onnx`;
    const cacheDir = await folderFor(context);
    const started = serve({ port: Number(new URL(server.url).port), models, cacheDir, executionProvider: 'cpu' });
    const refused = assert.rejects(started, { code: 'PORT_IN_USE' });
    const [{ socket }] = await asked;
    const gone = once(socket, 'close');
    await refused;
    await gone;
  });

  it('stops by a signal, once, whoever asks as well', async (context) => {
    const controller = new AbortController();
    const { server } = await serveHere(context, { models: await folderFor(context, sums), signal: controller.signal });
    await server.ready;
    controller.abort();
    await Promise.all([server.stop(), server.stop()]);
    await assert.rejects(fetch(server.url));
  });

  it('leaves nothing at a signal that outlives it', async (context) => {
    const { signal } = new AbortController();
    const { server } = await serveHere(context, { models: await folderFor(context, sums), signal });
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    await server.stop();
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('suspects no model of the end of a program that had nothing to do with it', async (context) => {
    const models = await folderFor(context, { name: 'pick', graph: failsOnLargeIndex });
    const { server, cacheDir } = await serveHere(context, { models });
    await server.ready;
    assert.deepEqual(await readdir(join(cacheDir, 'crashes')).catch(() => []), []);
  });

  it('lets a program that has stopped it end by itself', async (context) => {
    const models = await folderFor(context, sums);
    const entry = new URL('../../src/server/in-process.js', import.meta.url).href;
    const program = `import { serve } from ${JSON.stringify(entry)};
      const server = await serve({ port: 0, models: ${JSON.stringify(models)}, executionProvider: 'cpu' });
      await server.ready; await server.stop(); console.log('done');`;
    const file = join(models, 'program.mjs');
    await writeFile(file, program);
    const ended = spawnSync(process.execPath, [file], {
      env: { ...process.env, XDG_CACHE_HOME: models },
      encoding: 'utf8',
    });
    assert.deepEqual([ended.stdout, ended.stderr, ended.status], ['done\n', '', 0]);
  });
});
