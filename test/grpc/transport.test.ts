import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { Metadata, status, type Client, type ClientReadableStream } from '@grpc/grpc-js';
import { callOf, createClient, failureOf, openStream, rawPair } from '../support/grpc.js';
import { slowProduct, sumAndDifference } from '../support/models.js';
import { openTestServer, serveFor, type TestServerOptions } from '../support/server.js';

const model = { name: 'm', graph: sumAndDifference };

async function open(context: TestContext, options: TestServerOptions = {}) {
  const { flags = [], ...rest } = options;
  const opened = await serveFor(context, { models: [model], ...rest, flags: ['--grpc-port', '0', ...flags] });
  const address = opened.server.grpcAddress ?? '';
  const client = createClient(address);
  context.after(() => client.close());
  const health = createClient(address, 'grpc.health.v1.Health');
  context.after(() => health.close());
  return { ...opened, address, client, health };
}

const infer = (client: Client, headers: Record<string, string> = {}) =>
  callOf(client, ['ModelInfer', rawPair(1)], { headers });

type Watch = (message: object, metadata: Metadata) => ClientReadableStream<{ status: string }>;
const watch = (client: Client): ClientReadableStream<{ status: string }> =>
  (client as unknown as { Watch: Watch }).Watch({ service: '' }, new Metadata());

describe('the gRPC port', () => {
  it('is not there unless it is asked for', async (context) => {
    const { server } = await serveFor(context, { models: [model] });
    assert.equal(server.grpcAddress, undefined);
  });

  it('asks for the keys of HTTP before it reads a message, but not for health', async (context) => {
    const { client, health } = await open(context, { keys: ['secret'] });
    for (const [headers, text] of [
      [{}, /needs an API key/],
      [{ 'x-api-key': 'other' }, /not one of this server/],
      [{ authorization: 'Bearer other' }, /not one of this server/],
    ] as const) {
      const error = await failureOf(infer(client, headers));
      assert.equal(error.code, status.UNAUTHENTICATED);
      assert.match(error.details, text);
    }
    for (const headers of [{ 'x-api-key': 'secret' }, { authorization: 'Bearer secret' }]) {
      assert.equal((await infer(client, headers)).message['model_name'], 'm');
    }
    assert.equal((await callOf(client, ['ServerReady', {}])).message['ready'], true);
    assert.equal((await callOf(health, ['Check', {}])).message['status'], 'SERVING');
    assert.equal((await failureOf(callOf(client, ['RepositoryIndex', {}]))).code, status.UNAUTHENTICATED);
  });

  it('loads and unloads for admin keys alone, with a line of audit, and tells readiness', async (context) => {
    const keys = ['boss:admin:root', 'app:predict:plain'];
    const { client, lines } = await open(context, { keys, flags: ['--log-format', 'json'] });
    const unload = (key: string) =>
      callOf(client, ['RepositoryModelUnload', { model_name: 'm' }], { headers: { 'x-api-key': key } });
    const refused = await failureOf(unload('plain'));
    assert.equal(refused.code, status.PERMISSION_DENIED);
    assert.match(refused.details, /'app' may predict/);
    const headers = { 'x-api-key': 'root' };
    const ready = async () => (await callOf(client, ['ModelReady', { name: 'm' }], { headers })).message['ready'];
    assert.equal(await ready(), true);
    await unload('root');
    assert.equal(await ready(), false);
    await callOf(client, ['RepositoryModelLoad', { model_name: 'm' }], { headers });
    assert.equal(await ready(), true);
    const audits = lines.filter(({ message }) => message === 'audit');
    assert.deepEqual(
      audits.map(({ action, key, result }) => [action, key, result]),
      [
        ['unload', 'app', 'refused'],
        ['unload', 'boss', 'done'],
        ['load', 'boss', 'done'],
      ],
    );
  });

  it('tells and writes down no more of a name as long as a message than anybody reads', async (context) => {
    const { client, lines } = await open(context, { keys: ['app:predict:plain'], flags: ['--log-format', 'json'] });
    const headers = { 'x-api-key': 'plain' };
    const ask = (method: string, message: object) => callOf(client, [method, message], { headers });
    for (const sign of ['x', '/', '\u0001', '模', '😀']) {
      const name = sign.repeat(1_000_000);
      const unknown = await failureOf(ask('ModelConfig', { name }));
      assert.equal(unknown.code, status.NOT_FOUND, sign);
      assert.match(unknown.details, /^Request for unknown model: '.{400,} \.\.\.$/u);
      assert.ok(encodeURI(unknown.details).length < 6100);
      const refused = await failureOf(ask('RepositoryModelUnload', { model_name: name }));
      assert.equal(refused.code, status.PERMISSION_DENIED);
    }
    const written = lines.filter(({ message }) => message === 'audit').map(({ model }) => model);
    assert.deepEqual(
      written,
      ['x', '/', '\u0001', '模', '😀'].map((sign) => `${sign.repeat(1000 / sign.length)} ...`),
    );
  });

  it('answers every question about server and models', async (context) => {
    const { client } = await open(context);
    const ask = async (method: string, message: object) => (await callOf(client, [method, message])).message;
    assert.equal((await ask('ServerLive', {}))['live'], true);
    assert.equal((await ask('ModelReady', { name: 'none' }))['ready'], false);
    assert.equal((await ask('ServerMetadata', {}))['name'], 'slipway');
    const metadata = await ask('ModelMetadata', { name: 'm' });
    const [a] = metadata['inputs'] as object[];
    assert.deepEqual(a, { name: 'A', datatype: 'INT32', shape: [-1, 16] });
    const { config } = (await ask('ModelConfig', { name: 'm', version: '1' })) as {
      config: { input: { name: string; data_type: string }[]; backend: string };
    };
    assert.deepEqual(
      [config.backend, config.input[0]?.name, config.input[0]?.data_type],
      ['onnxruntime', 'A', 'TYPE_INT32'],
    );
    await infer(client);
    const { model_stats: stats } = (await ask('ModelStatistics', {})) as {
      model_stats: { name: string; inference_count: number; inference_stats: { success: { count: number } } }[];
    };
    assert.deepEqual([stats[0]?.name, stats[0]?.inference_count, stats[0]?.inference_stats.success.count], ['m', 1, 1]);
    assert.deepEqual((await ask('RepositoryIndex', { ready: true }))['models'], [
      { name: 'm', version: '1', state: 'READY', reason: '' },
    ]);
    assert.equal((await failureOf(ask('ModelMetadata', { name: 'none' }))).code, status.NOT_FOUND);
    for (const method of ['SystemSharedMemoryStatus', 'CudaSharedMemoryRegister', 'TraceSetting', 'LogSettings']) {
      const error = await failureOf(ask(method, {}));
      assert.equal(error.code, status.UNIMPLEMENTED);
      assert.match(error.details, /not supported|cannot be changed/);
    }
  });

  it('drops queued requests whose deadline passes or whose client cancels', async (context) => {
    const config = { batching: { maxRows: 0 }, instances: { cpu: 1 } };
    const slow = { name: 'slow', graph: slowProduct(300), config };
    const { client, server } = await open(context, { models: [slow], flags: ['--inline-runs=no'] });
    const request = {
      model_name: 'slow',
      inputs: [{ name: 'X', datatype: 'FP32', shape: [1], contents: { fp32_contents: [1] } }],
    };
    const running = callOf(client, ['ModelInfer', request]);
    while (server.busyWorkers() === 0) await new Promise(setImmediate);
    const late = await failureOf(callOf(client, ['ModelInfer', request], { deadlineMs: 1 }));
    assert.equal(late.code, status.DEADLINE_EXCEEDED);
    let cancel = (): void => undefined;
    const cancelled = failureOf(callOf(client, ['ModelInfer', request], { onCancel: (end) => (cancel = end) }));
    cancel();
    assert.equal((await cancelled).code, status.CANCELLED);
    await running;
    const after = await callOf(client, ['ModelStatistics', { name: 'slow' }]);
    const [stats] = after.message['model_stats'] as { execution_count: number }[];
    assert.equal(stats?.execution_count, 1);
  });

  it('tells those who watch health when the server stops, and ends what stays open', async () => {
    const opened = await openTestServer({ models: [model], flags: ['--grpc-port', '0'] });
    const address = opened.server.grpcAddress ?? '';
    const [client, health] = [createClient(address), createClient(address, 'grpc.health.v1.Health')];
    const watching = watch(health);
    const told: string[] = [];
    watching.on('data', ({ status: now }: { status: string }) => told.push(now));
    await once(watching, 'data');
    const stream = openStream(client);
    const ends = [once(watching, 'error'), once(stream, 'error')];
    stream.write(rawPair(1));
    await once(stream, 'data');
    await opened.stop();
    assert.equal(opened.server.memory.usedBytes, 0);
    const codes = (await Promise.all(ends)).map(([error]) => (error as { code: status }).code);
    assert.deepEqual(codes, [status.UNAVAILABLE, status.UNAVAILABLE]);
    assert.deepEqual(told, ['SERVING', 'NOT_SERVING']);
    client.close();
    health.close();
  });

  it('says with which flag to move where its port is taken', async (context) => {
    const { address } = await open(context);
    const port = address.slice(address.lastIndexOf(':') + 1);
    await assert.rejects(openTestServer({ models: [model], flags: ['--grpc-port', port] }), (error: unknown) => {
      const { code, message } = error as { code: string; message: string };
      return code === 'PORT_IN_USE' && message.includes('--grpc-port');
    });
  });
});
