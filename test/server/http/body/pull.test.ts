import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { pullBody } from '../../../../src/server/http/body/pull.js';
import { createRandom } from '../../../../src/tensor/random.js';
import { RawClient } from '../../../support/raw-client.js';

const random = createRandom(41);
const fullReadBytes = 64 * 1024;
const bytesOf = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, () => Math.floor(random() * 256)));

/** A body as it came: what the stream brought, and what was pulled. */
interface Arrived {
  readonly body: Buffer;
  readonly streamed: number;
  readonly pulled: number;
}

interface Receiving {
  /** Lets the stream hold back what it has first, for a turn of the event loop. */
  readonly isPaused?: boolean;
  /** Wants nothing more once so many bytes are there. */
  readonly mostBytes?: number;
  /** The most that is taken at once. */
  readonly roomBytes?: number;
  readonly answerBytes?: number;
}

async function receive(
  request: IncomingMessage,
  { isPaused = false, mostBytes = Infinity, roomBytes = Infinity }: Receiving,
): Promise<Arrived> {
  const body = Buffer.alloc(Number(request.headers['content-length']));
  let [at, streamed, pulled] = [0, 0, 0];
  request.on('data', (chunk: Buffer) => {
    body.set(chunk, at);
    at += chunk.length;
    streamed += chunk.length;
  });
  pullBody(request, {
    room: () => (at >= mostBytes || at === body.length ? undefined : body.subarray(at, at + roomBytes)),
    filled: (bytes) => {
      at += bytes;
      pulled += bytes;
    },
  });
  if (isPaused) {
    request.pause();
    while (request.readableLength === 0) await new Promise(setImmediate);
    request.resume();
  }
  await once(request, 'end');
  return { body, streamed, pulled };
}

/** A server that keeps what arrives, and a connection to it. */
async function open(context: TestContext, { answerBytes = 2, ...receiving }: Receiving = {}) {
  const arrived: Arrived[] = [];
  const answer = Buffer.alloc(answerBytes);
  const server = createServer((request, response) => {
    void receive(request, receiving).then((one) => {
      arrived.push(one);
      response.end(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new RawClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [connection] = (await once(server, 'connection')) as [Socket];
  context.after(() => {
    client.close();
    server.close();
  });
  return { client, arrived, connection };
}

const headOf = (bytes: number, more = ''): string =>
  `POST / HTTP/1.1\r\nhost: x\r\n${more}content-length: ${bytes}\r\n\r\n`;

/** Body and headers that are so long together. */
function messageOf(bytes: number): { readonly message: Buffer; readonly body: Buffer } {
  const spare = headOf(bytes).length;
  const body = bytesOf(bytes - spare);
  const head = headOf(body.length, `x-pad: ${'p'.repeat(spare - headOf(body.length).length)}\r\n`);
  return { message: Buffer.concat([Buffer.from(head), body]), body };
}

/** Without writing both out where they differ. */
function assertSame(actual: Buffer | undefined, expected: Buffer): void {
  assert.equal(actual?.length, expected.length);
  assert.ok(actual.equals(expected));
}

describe('pulling a body', () => {
  it('gives the bytes that were sent, most of them without the stream, whatever was sent after them', async (context) => {
    const { client, arrived } = await open(context);
    const sent = [900_000, 300_000, 131_072, 2_500_000].map(bytesOf);
    for (const body of sent) void client.write(Buffer.concat([Buffer.from(headOf(body.length)), body]));
    for (const [index, body] of sent.entries()) {
      assert.equal((await client.read()).status, 200);
      assertSame(arrived[index]?.body, body);
    }
    const sum = (what: 'streamed' | 'pulled'): number => arrived.reduce((total, one) => total + one[what], 0);
    assert.equal(sum('streamed') + sum('pulled'), 3_831_072);
    // Other systems may hand less over at once.
    if (process.platform === 'linux') assert.ok(sum('pulled') > sum('streamed'), `${sum('pulled')} were pulled`);
  });

  it('is exact where a message ends just before, at and after what is read at once', async (context) => {
    const { client, arrived } = await open(context);
    for (const reads of [3, 4, 9]) {
      for (const over of [-1, 0, 1]) {
        const { message, body } = messageOf(reads * fullReadBytes + over);
        const next = messageOf(2 * fullReadBytes);
        void client.write(Buffer.concat([message, next.message]));
        await client.read();
        await client.read();
        assertSame(arrived.at(-2)?.body, body);
        assertSame(arrived.at(-1)?.body, next.body);
      }
    }
  });

  it('waits for what the stream holds back, so that no byte overtakes another', async (context) => {
    const { client, arrived } = await open(context, { isPaused: true });
    for (const length of [900_000, 200_000]) {
      const body = bytesOf(length);
      void client.write(Buffer.concat([Buffer.from(headOf(length)), body]));
      await client.read();
      assertSame(arrived.at(-1)?.body, body);
    }
  });

  it('pulls nothing while Node has paused the connection, since the client has yet to read an answer', async (context) => {
    const { client, arrived, connection } = await open(context, { answerBytes: 16 << 20 });
    const sent = [200_000, 700_000, 300_000].map(bytesOf);
    client.socket.pause();
    for (const [index, body] of sent.entries()) {
      void client.write(Buffer.concat([Buffer.from(headOf(body.length)), body]));
      while (arrived.length === 0 || (index > 0 && !connection.isPaused())) await new Promise(setImmediate);
    }
    client.socket.resume();
    for (const [index, body] of sent.entries()) {
      assert.equal((await client.read()).status, 200);
      assertSame(arrived[index]?.body, body);
    }
  });

  it('takes no more than there is room for, and nothing where nothing is wanted', async (context) => {
    const small = await open(context, { roomBytes: 1000 });
    const body = bytesOf(700_000);
    const message = Buffer.concat([Buffer.from(headOf(body.length)), body]);
    void small.client.write(message);
    await small.client.read();
    assertSame(small.arrived[0]?.body, body);
    assert.ok((small.arrived[0]?.pulled ?? Infinity) <= 1000 * Math.ceil(body.length / fullReadBytes));

    const none = await open(context, { mostBytes: 0 });
    for (const pulled of [0, 0]) {
      void none.client.write(message);
      await none.client.read();
      assert.equal(none.arrived.at(-1)?.pulled, pulled);
      assertSame(none.arrived.at(-1)?.body, body);
    }
  });
});
