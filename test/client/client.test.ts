import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { connectWith } from '../../src/client/connect.js';
import { openConnection } from '../../src/client/connection.js';
import { AppError, connect, tensor, type ConnectOptions } from '../../src/client/index.js';
import { makeCertificate } from '../support/certificates.js';
import { sumAndDifference } from '../support/models.js';
import { serveFor } from '../support/server.js';

/** A connection that ends with its test. */
async function connectFor(test: TestContext, options: ConnectOptions) {
  const connection = await connect(options);
  test.after(() => connection.close());
  return connection;
}

/** A plain HTTP server that knows nothing of the protocol but what the test teaches it. */
async function answerWith(test: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const isProtocol: RequestListener = (_request, response) => response.end('{"name":"stand-in"}');

async function failureOf(action: Promise<unknown>): Promise<AppError> {
  const thrown: unknown = await action.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof AppError, String(thrown));
  return thrown;
}

const models = [{ name: 'sums', graph: sumAndDifference }];
const row = (first: number) => Int32Array.from({ length: 16 }, (_, index) => first + index);

describe('the client on a real server', () => {
  it('infers with binary tensors, and with JSON alike', async (test) => {
    const { url } = await serveFor(test, { models });
    const model = (await connectFor(test, { url })).model('sums');
    const inputs = { A: tensor(row(10), [1, 16]), B: tensor(row(1), [1, 16]) };
    for (const form of ['binary', 'json'] as const) {
      const { outputs, modelVersion, device, id } = await model.infer(inputs, { form, id: 'mine' });
      assert.deepEqual(
        outputs['S']?.data,
        row(11).map((value, index) => value + index),
      );
      assert.deepEqual(outputs['D']?.data, new Int32Array(16).fill(9));
      assert.deepEqual([modelVersion, device, id], ['1', 'cpu', 'mine']);
    }
    const only = await model.infer(inputs, { outputs: ['D'] });
    assert.deepEqual(Object.keys(only.outputs), ['D']);
  });

  it('tells what the server and its models are', async (test) => {
    const { url } = await serveFor(test, { models });
    const connection = await connectFor(test, { url });
    assert.equal(await connection.isLive(), true);
    assert.equal(await connection.isReady(), true);
    assert.ok((await connection.metadata()).extensions.includes('binary_tensor_data'));
    assert.deepEqual(
      (await connection.models()).map(({ name, state }) => [name, state]),
      [['sums', 'READY']],
    );
    const model = connection.model('sums', '1');
    assert.deepEqual(await model.versions(), ['1']);
    assert.equal(await model.isReady(), true);
    assert.deepEqual((await model.metadata()).inputs[0], { name: 'A', datatype: 'INT32', shape: [-1, 16] });
  });

  it("passes the server's own sentence on", async (test) => {
    const { url } = await serveFor(test, { models });
    const connection = await connectFor(test, { url });
    const wrongShape = await failureOf(connection.model('sums').infer({ A: tensor(row(1)), B: tensor(row(1)) }));
    assert.equal(wrongShape.code, 'INVALID_INPUT');
    assert.match(wrongShape.message, /shape.*\[-1,16\]/);
    const absent = await failureOf(connection.model('absent').metadata());
    assert.equal(absent.code, 'MODEL_NOT_FOUND');
    assert.match(absent.message, /absent/);
    assert.equal(absent.details['status'], 404);
  });

  it('sends its key, and says so when the server wants another', async (test) => {
    const { url } = await serveFor(test, { models, keys: ['right-key-of-some-length'] });
    const connection = await connectFor(test, { url, apiKey: 'right-key-of-some-length' });
    assert.equal((await connection.models()).length, 1);
    const refused = await connect({ url, apiKey: 'wrong' })
      .then((open) => open.models())
      .catch((error: unknown) => error);
    assert.ok(refused instanceof AppError && refused.code === 'UNAUTHORIZED', String(refused));
  });
});

describe('the client on a network', () => {
  it('waits as Retry-After says and tries again; what is over is over', async (test) => {
    let calls = 0;
    const url = await answerWith(test, (request, response) => {
      if (request.url === '/v2') {
        isProtocol(request, response);
        return;
      }
      calls += 1;
      if (calls < 3) response.writeHead(503, { 'retry-after': '0' });
      response.end('{"error":"still loading"}');
    });
    const connection = await connectFor(test, { url });
    await connection.model('m').metadata();
    assert.equal(calls, 3);
    calls = -10;
    const error = await failureOf(connection.model('m').metadata({ retries: 2 }));
    assert.equal(calls, -7);
    assert.equal(error.code, 'MODEL_NOT_READY');
    assert.equal(error.message, 'still loading');
  });

  it('gives up after its time, and at once when its caller does', async (test) => {
    const url = await answerWith(test, (request, response) => {
      if (request.url === '/v2') isProtocol(request, response);
    });
    const connection = await connectFor(test, { url });
    const late = await failureOf(connection.model('m').metadata({ timeoutMs: 50 }));
    assert.equal(late.code, 'QUEUE_TIMEOUT');
    assert.match(late.message, /longer than 50 ms/);
    const stop = new AbortController();
    const given = failureOf(connection.model('m').metadata({ signal: stop.signal }));
    stop.abort();
    assert.equal((await given).code, 'CLIENT_GONE');
  });

  it('uses one connection for calls that follow each other', async (test) => {
    const ports = new Set<number | undefined>();
    const url = await answerWith(test, (request, response) => {
      ports.add(request.socket.remotePort);
      isProtocol(request, response);
    });
    const connection = await connectFor(test, { url });
    for (let at = 0; at < 3; at += 1) await connection.metadata();
    assert.equal(ports.size, 1);
  });

  it('tries again where a kept connection has been closed meanwhile', async (test) => {
    let calls = 0;
    const url = await answerWith(test, (request, response) => {
      calls += 1;
      if (calls === 2) request.socket.destroy();
      else isProtocol(request, response);
    });
    const connection = await connectFor(test, { url });
    assert.equal((await connection.metadata()).name, 'stand-in');
    assert.equal(calls, 3);
  });
});

describe('a server that is not reached', () => {
  it('says to which addresses TLS belongs, and how an authority is named', async (context) => {
    const { cert, key } = makeCertificate('test');
    const plain = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
    const encrypted = createSecureServer({ cert, key }).listen(0, '127.0.0.1');
    context.after(() => [plain, encrypted].map((server) => server.close()));
    await Promise.all([once(plain, 'listening'), once(encrypted, 'listening')]);
    const messageFor = async (scheme: string, server: Server): Promise<string> => {
      const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const connection = openConnection(url, { retries: 0, wasLaunched: false });
      const error: unknown = await connection.metadata().catch((thrown: unknown) => thrown);
      connection.close();
      assert.ok(error instanceof AppError && error.code === 'SERVER_UNREACHABLE', String(error));
      return error.message;
    };
    assert.match(await messageFor('https', plain), /speaks no TLS: the address of such a server begins with http:/);
    assert.match(await messageFor('http', encrypted), /If it speaks TLS, its address begins with https:/);
    assert.match(
      await messageFor('https', encrypted),
      /not trusted: .* tls: \{ ca \}, on a command line with --ca FILE\.$/,
    );
  });
});

describe('connect', () => {
  const noLaunch = () => Promise.reject(new Error('launched'));

  it('says where it looked and what to do when nothing answers', async () => {
    const error = await failureOf(connect({ port: 1 }));
    assert.equal(error.code, 'SERVER_UNREACHABLE');
    assert.match(
      error.message,
      /No server answers at http:\/\/127\.0\.0\.1:1\. Start one there \(npm start, or launch up\)/,
    );
  });

  it('never replaces what is no server of the protocol', async (test) => {
    const url = await answerWith(test, (_request, response) => response.end('hello'));
    const error = await failureOf(connectWith(noLaunch, { port: Number(new URL(url).port), models: 'models' }));
    assert.match(error.message, /not a server of the Open Inference Protocol/);
  });

  it('launches what is asked for where nothing answers, on this machine only, and attaches to it the next time', async (test) => {
    const { url } = await serveFor(test, { models });
    const requests: object[] = [];
    const launch = (request: object) => {
      requests.push(request);
      return Promise.resolve({
        url,
        name: 'n',
        variant: 'cpu',
        isReused: false,
        models: ['m'],
        broken: [],
        stop: () => Promise.resolve(),
        remove: () => Promise.resolve(),
      } as const);
    };
    const connection = await connectWith(launch, { port: 1, models: './m', dockerfile: 'D' });
    assert.equal(connection.wasLaunched, true);
    assert.equal((await connection.models()).length, 1);
    assert.deepEqual(requests, [{ port: 1, models: './m', dockerfile: 'D' }]);
    connection.close();
    const again = await connectWith(launch, { port: Number(new URL(url).port), models: './m' });
    assert.equal(again.wasLaunched, false);
    again.close();
    await failureOf(connectWith(launch, { url: 'http://127.0.0.1:1', models: './m' }));
    assert.equal(requests.length, 1);
  });

  it('gives a launch no longer than its limit, and tells it to end', async () => {
    let signal: AbortSignal | undefined;
    const hanging = (request: { readonly signal?: AbortSignal }) => {
      signal = request.signal;
      return new Promise<never>(() => undefined);
    };
    const late = await failureOf(connectWith(hanging, { port: 1, models: './m', timeoutMs: 50 }));
    assert.equal(late.code, 'READY_TIMEOUT');
    assert.match(late.message, /No server was ready within 50 ms: launching \.\/m took longer/);
    assert.equal(signal?.aborted, true);
  });

  it('asks who answers no longer than its limit', async (test) => {
    const url = await answerWith(test, () => undefined);
    const late = await failureOf(connect({ url, timeoutMs: 50 }));
    assert.equal(late.code, 'QUEUE_TIMEOUT');
    assert.match(late.message, /\/v2 took longer than 50 ms/);
  });

  it('refuses an address that is none', async () => {
    assert.equal((await failureOf(connect({ url: 'box:8000' }))).code, 'USAGE');
    assert.equal((await failureOf(connect({ host: 'a b' }))).code, 'USAGE');
  });
});

describe('a tensor', () => {
  it("takes its datatype from its array, and stands on the array's own memory", () => {
    const data = new Float32Array(6);
    const made = tensor(data, [2, 3]);
    assert.equal(made.datatype, 'FP32');
    assert.equal(made.data, data);
    assert.deepEqual(tensor(['a', 'b']), { datatype: 'BYTES', shape: [2], data: ['a', 'b'] });
    assert.equal(tensor(new Uint16Array(2), [2], 'FP16').datatype, 'FP16');
    assert.equal(tensor(new Uint8Array(1), [1], 'BOOL').datatype, 'BOOL');
  });

  it('refuses a shape or datatype that does not fit', () => {
    assert.throws(() => tensor(new Float32Array(6), [2, 2]), /\[2,2\] holds 4 elements, but the data has 6/);
    assert.throws(() => tensor(new Float32Array(2), [2], 'INT32'), /INT32 cannot be made from a Float32Array/);
  });
});
