import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { makeCertificate } from '../../support/certificates.js';
import { send } from '../../support/http.js';
import { RawClient } from '../../support/raw-client.js';
import { folderWith, startProcess } from '../../support/server-process.js';
import { serveFor, type TestServer } from '../../support/server.js';

/** More bytes than the system takes of an answer whose client reads nothing. */
const tooMuch = 8_000_000;

/** An answer of that many bytes to a request of a few. */
const repeated: Graph = {
  name: 'repeated',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', 1] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', tooMuch / 4] }],
  initializers: [{ name: 'times', datatype: 'INT64', shape: [2], data: BigInt64Array.of(1n, BigInt(tooMuch / 4)) }],
  nodes: [{ op: 'Tile', inputs: ['X', 'times'], outputs: ['Y'] }],
};
const models = [{ name: 'f', graph: repeated }];

const body =
  '{"inputs":[{"name":"X","datatype":"FP32","shape":[1,1],"data":[1]}],"parameters":{"binary_data_output":true}}';
const request = `POST /v2/models/f/infer HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

/** A client that sends requests at once and reads nothing. */
function askUnread(url: string, count: number): RawClient {
  const client = new RawClient(url);
  client.socket.pause();
  void client.write(request.repeat(count));
  return client;
}

async function untilAnswered({ url }: TestServer, count: number): Promise<void> {
  for (;;) {
    const { body } = await send(url, { path: '/v2/models/f/stats' });
    const { model_stats } = JSON.parse(body.toString()) as { model_stats: { inference_count: number }[] };
    if (model_stats[0]?.inference_count === count) return;
  }
}

async function untilNothingIsHeld({ server }: TestServer): Promise<void> {
  while (server.memory.usedBytes > 0) await new Promise(setImmediate);
}

describe('an answer that nobody reads', () => {
  it('stays counted until its client leaves, and holds up nobody else', async (context) => {
    const opened = await serveFor(context, { models });
    const client = askUnread(opened.url, 1);
    await untilAnswered(opened, 1);
    const other = new RawClient(opened.url);
    context.after(() => other.close());
    await other.write(request);
    assert.equal((await other.read()).status, 200);
    assert.ok(opened.server.memory.usedBytes > tooMuch);
    client.close();
    await untilNothingIsHeld(opened);
  });

  it('takes along those that wait behind it on its connection: none of them stays counted', async (context) => {
    const opened = await serveFor(context, { models });
    const client = askUnread(opened.url, 3);
    await untilAnswered(opened, 3);
    client.close();
    await untilNothingIsHeld(opened);
  });

  it('is given up, and its connection closed, where no byte of it was taken for --request-timeout', async (context) => {
    const opened = await serveFor(context, { models, flags: ['--request-timeout', '500ms'] });
    const client = askUnread(opened.url, 2);
    const closed = once(client.socket, 'close');
    await untilAnswered(opened, 2);
    await untilNothingIsHeld(opened);
    client.socket.resume();
    await closed;
    const said = opened.lines.map(({ level, path, status, limitMs, message }) => ({
      level,
      path,
      status,
      limitMs,
      message,
    }));
    const message = 'connection closed: its client took nothing of the answer';
    assert.deepEqual(said, [{ level: 'warn', path: '/v2/models/f/infer', status: 200, limitMs: 500, message }]);
    assert.ok(Number(opened.lines[0]?.waitingBytes) > tooMuch);
  });

  for (const [kind, isTls] of [
    ['HTTP', false],
    ['TLS', true],
  ] as const)
    it(`is given up over ${kind} where a byte of it is taken now and then, for ever`, async (context) => {
      const folder = await folderWith(context, ...models);
      const { cert, key } = makeCertificate('own');
      for (const [name, text] of Object.entries({ cert, key })) await writeFile(join(folder, `.${name}`), text);
      const tls = ['--tls-cert', join(folder, '.cert'), '--tls-key', join(folder, '.key')];
      const flags = ['--models', folder, '--log-format', 'json', '--request-timeout', '500ms', ...(isTls ? tls : [])];
      const server = startProcess(context, ...flags);
      const port = Number(/https?:\/\/127\.0\.0\.1:(\d+)/.exec(await server.until(/"started"/))?.[1]);
      const near = await dripping(context, port);
      const client = isTls ? connectTls({ ...near, rejectUnauthorized: false }) : connectTcp(near);
      client.on('error', () => undefined).resume();
      context.after(() => client.destroy());
      client.write(request);
      const closed = once(client, 'close');
      const text = await server.until(/"message":"connection closed: its client took nothing of the answer"/);
      assert.match(text, /"path":"\/v2\/models\/f\/infer".*"limitMs":500/);
      client.destroy();
      await closed;
    });

  it('is counted where it is a page too: a few bytes asked again and again hold no gigabytes', async (context) => {
    const opened = await serveFor(context, { models, flags: ['--request-memory', '20M'] });
    const { memory } = opened.server;
    const client = new RawClient(opened.url);
    client.socket.pause();
    void client.write('GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(200));
    while (memory.refusals === 0) await new Promise(setImmediate);
    assert.ok(memory.usedBytes > 1_000_000 && memory.usedBytes <= memory.limitBytes);
    assert.equal((await send(opened.url, { path: '/v2/health/live' })).status, 200);
    client.close();
    await untilNothingIsHeld(opened);
    assert.equal((await send(opened.url, { path: '/docs/swagger-ui-bundle.js' })).status, 200);
  });
});

/** Bytes of a server that come at once: a handshake and more. */
const quickBytes = 16_384;

/** Where a port is reached whose server's bytes are read one at a time, from some on with a pause behind each. */
async function dripping(context: TestContext, port: number): Promise<{ readonly port: number; readonly host: string }> {
  const host = '127.0.0.1';
  const relay = createServer((near) => {
    const buffer = Buffer.alloc(1);
    let taken = 0;
    const callback = (): boolean => {
      near.write(Buffer.from(buffer));
      taken += 1;
      if (taken < quickBytes) return true;
      setTimeout(() => far.resume(), 20);
      return false;
    };
    const far = connectTcp({ port, host, onread: { buffer, callback } }).on('error', () => undefined);
    far.once('close', () => near.destroy());
    near.on('error', () => undefined).pipe(far);
    context.after(() => far.destroy());
  }).listen(0, host);
  await once(relay, 'listening');
  context.after(() => relay.close());
  return { port: (relay.address() as AddressInfo).port, host };
}
