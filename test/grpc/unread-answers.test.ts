import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { sumAndDifference } from '../support/models.js';
import { serveFor, type TestServer } from '../support/server.js';
import { messageOf, unreadModel, unreadBytes } from './unread-model.js';

const models = [unreadModel, { name: 'm', graph: sumAndDifference }];

interface Opened extends TestServer {
  readonly session: ClientHttp2Session;
  /** The connection that the server sees. */
  readonly socket: Socket;
}

interface Client {
  readonly flags?: readonly string[];
  /** Room for each answer. */
  readonly windowBytes?: number;
  /** Once it is connected nothing more is read. */
  readonly isStuck?: boolean;
}

/** A server, and a connection to its gRPC port. */
async function open(context: TestContext, client: Client = {}): Promise<Opened> {
  const { flags = [], windowBytes = 65_535, isStuck = false } = client;
  const opened = await serveFor(context, { models, flags: ['--grpc-port', '0', '--log-format', 'json', ...flags] });
  const [host = '', port] = (opened.server.grpcAddress ?? '').split(':');
  const socket = connectTcp(Number(port), host).on('error', () => undefined);
  // A connection of node:http2 reads whatever its owner does, so another stands before it that need not.
  const relay = createServer((near) =>
    near
      .on('error', () => undefined)
      .pipe(socket)
      .pipe(near),
  ).listen(0, host);
  await once(relay, 'listening');
  const session = connect(`http://${host}:${(relay.address() as AddressInfo).port}`, {
    settings: { initialWindowSize: windowBytes },
  });
  session.on('error', () => undefined);
  context.after(() => {
    session.destroy();
    socket.destroy();
    relay.close();
  });
  await once(session, 'remoteSettings');
  if (windowBytes > 65_535) session.setLocalWindowSize(windowBytes);
  if (isStuck) socket.unpipe().pause();
  return { ...opened, session, socket };
}

/** Begins a call; its answer is read by nobody. */
function ask({ session }: Opened, method: string, ...messages: readonly Uint8Array[]): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': method,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  for (const message of messages) stream.write(message);
  return stream;
}

const infer = '/inference.GRPCInferenceService/ModelInfer';
const streamInfer = '/inference.GRPCInferenceService/ModelStreamInfer';

/** Looks again and again, between turns of the event loop that is the server's too, until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const warnings = ({ lines }: TestServer) => lines.filter(({ level }) => level === 'warn');

describe('gRPC answers that nobody reads', () => {
  it('are counted in the memory of all requests, whatever they answer, until their client leaves', async (context) => {
    const opened = await open(context, { windowBytes: 0 });
    const { memory } = opened.server;
    for (let n = 0; n < 3; n += 1) ask(opened, infer, messageOf(unreadModel.name)).end();
    await until(() => memory.usedBytes > 3 * unreadBytes);
    const before = memory.usedBytes;
    // What describes the server waits behind them, and is no tensor.
    ask(opened, '/inference.GRPCInferenceService/ServerMetadata', Buffer.alloc(5)).end();
    await until(() => memory.usedBytes > before);
    // Each once, as what is sent lies in the tensors.
    assert.ok(memory.usedBytes < 3.01 * unreadBytes, String(memory.usedBytes));
    opened.session.destroy();
    await until(() => memory.usedBytes === 0);
    assert.deepEqual(warnings(opened), []);
  });

  for (const [what, method] of [
    ['a call', infer],
    ['a stream', streamInfer],
  ] as const)
    it(`end ${what} with a warning after --request-timeout, once more for each MiB, and nothing else of their connection`, async (context) => {
      const opened = await open(context, { flags: ['--request-timeout', '1s'] });
      const { memory } = opened.server;
      const unread = ask(opened, method, messageOf(unreadModel.name));
      unread.end();
      await new Promise((resolve) => unread.once('close', resolve));
      assert.equal(unread.rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM);
      await until(() => memory.usedBytes === 0);
      const [{ path, limitMs, waitingBytes, message, transport } = {}, ...others] = warnings(opened);
      assert.deepEqual([path, limitMs, transport, others], [method, 3000, 'grpc', []]);
      assert.equal(message, 'call ended: its client took nothing of the answer');
      assert.ok(Number(waitingBytes) > unreadBytes - 65_536);
      const ready = ask(opened, '/inference.GRPCInferenceService/ServerReady', Buffer.alloc(5));
      ready.end();
      ready.resume();
      const [trailers] = (await once(ready, 'trailers')) as [Record<string, string>];
      assert.equal(trailers['grpc-status'], '0');
    });

  it('go with their connection where its client takes no byte of anything, however much room it says that it has', async (context) => {
    const flags = ['--request-timeout', '1s'];
    const opened = await open(context, { flags, windowBytes: 2 ** 30, isStuck: true });
    const { memory } = opened.server;
    for (let n = 0; n < 8; n += 1) ask(opened, infer, messageOf(unreadModel.name)).end();
    await until(() => memory.usedBytes > 0);
    await until(() => memory.usedBytes === 0);
    const closed = once(opened.socket, 'close');
    opened.socket.resume();
    await closed;
  });

  it('of a stream of questions about the services are not put aside: the next is read when one is taken', async (context) => {
    const opened = await open(context, { windowBytes: 0 });
    const { memory } = opened.server;
    const name = Buffer.alloc(30_000, 'x');
    // Field 4, file_containing_symbol: it comes back with the refusal.
    const question = Buffer.concat([Buffer.from([0x22, 0xb0, 0xea, 0x01]), name]);
    const framed = Buffer.concat([Buffer.alloc(5), question]);
    framed.writeUInt32BE(question.length, 1);
    const stream = ask(opened, '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
    const count = 200;
    for (let n = 0; n < count; n += 1) stream.write(framed);
    stream.end();
    // Between two answers on the same connection the server reads what it has room for, 64 KB of a stream at least.
    for (let n = 0; n < count; n += 1) {
      const ready = ask(opened, '/inference.GRPCInferenceService/ServerReady', Buffer.alloc(5));
      ready.end();
      await once(ready, 'response');
      ready.close();
    }
    assert.ok(stream.writableLength > (count * name.length) / 2);
    opened.session.settings({ initialWindowSize: 65_535 });
    let answered = 0;
    stream.on('data', (chunk: Buffer) => (answered += chunk.length));
    await once(stream, 'end');
    assert.ok(answered > count * name.length);
    await until(() => memory.usedBytes === 0);
  });
});

describe('a gRPC call whose message does not come', () => {
  it('is refused after --request-timeout', async (context) => {
    const opened = await open(context, { flags: ['--request-timeout', '100ms'] });
    const call = ask(opened, infer);
    const [headers] = (await once(call, 'response')) as [Record<string, string>];
    assert.equal(headers['grpc-status'], '3');
    assert.match(decodeURI(headers['grpc-message'] ?? ''), /did not arrive completely within 100 ms/);
  });
});
