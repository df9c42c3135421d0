import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { makeCertificate } from '../../support/certificates.js';
import { sumAndDifference } from '../../support/models.js';
import { RawClient } from '../../support/raw-client.js';
import { serveFor } from '../../support/server.js';

const row = Array.from({ length: 16 }, (_, n) => n * 1000 - 7000);
const sums = JSON.stringify({
  inputs: ['A', 'B'].map((name) => ({ name, datatype: 'INT32', shape: [1, 16], data: row })),
});
const ask = (model: string, bytes: number, more = ''): string =>
  `POST /v2/models/${model}/infer HTTP/1.1\r\nhost: x\r\n${more}content-length: ${bytes}\r\n\r\n`;
const askFree = ask('free', Buffer.byteLength(sums)) + sums;
/** What would be a request if it were read as one. */
const deceitful = (bytes: number): Buffer => Buffer.alloc(bytes, `\r\n\r\n${askFree}`);
const inChunks = (body: Buffer, chunkBytes: number): string => {
  const parts: string[] = [];
  for (let at = 0; at < body.length; at += chunkBytes) {
    const chunk = body.toString('latin1', at, at + chunkBytes);
    parts.push(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  }
  return `${parts.join('')}0\r\n\r\n`;
};

const certificate = makeCertificate('own');

/** A server with a model that has all the work it may have, and one that has none. */
async function open(
  context: TestContext,
  { flags = [], isTls = false }: { readonly flags?: readonly string[]; readonly isTls?: boolean } = {},
) {
  const models = [
    { name: 'full', graph: sumAndDifference, config: { batching: { maxQueueMs: 1 } } },
    { name: 'free', graph: sumAndDifference },
  ];
  const { server, url } = await serveFor(context, { models, flags, ...(isTls ? { certificate } : {}) });
  const { admission, instances } = server.dataplane.model('full', undefined);
  for (let n = 0; n < 2 * instances; n += 1) admission.enter(10);
  const connect = (): RawClient => {
    const client = new RawClient(url);
    context.after(() => client.close());
    return client;
  };
  return { server, connect };
}

async function assertSums(client: RawClient): Promise<void> {
  const { status, body } = await client.read();
  assert.equal(status, 200, String(body));
  const { outputs } = JSON.parse(String(body)) as { outputs: { data: number[] }[] };
  assert.deepEqual(
    outputs.map(({ data }) => data),
    [row.map((value) => 2 * value), row.map(() => 0)],
  );
}

describe('a refused upload', () => {
  for (const [what, head, body, isTls = false] of [
    ['of a known length', ask('full', 300_000), deceitful(300_000)],
    ['of many megabytes', ask('full', 20_000_000), deceitful(20_000_000)],
    [
      'in chunks',
      ask('full', 0).replace('content-length: 0', 'transfer-encoding: chunked'),
      inChunks(deceitful(200_000), 3001),
    ],
    [
      'in chunks with trailers behind them',
      ask('full', 0).replace('content-length: 0', 'transfer-encoding: chunked'),
      inChunks(deceitful(9000), 800).replace(/\r\n$/, 'checksum: 7\r\nhost: y\r\n\r\n'),
    ],
    ['over TLS', ask('full', 900_000), deceitful(900_000), true],
  ] as const) {
    it(`${what} is answered before any of its body was sent, and what comes behind it is answered`, async (context) => {
      const { server, connect } = await open(context, { isTls });
      const client = connect();
      for (let turn = 0; turn < 3; turn += 1) {
        await client.write(head);
        const refused = await client.read();
        assert.equal(refused.status, 429);
        assert.doesNotMatch(refused.head, /^connection: close$/im);
        await client.write(body, askFree);
        await assertSums(client);
      }
      assert.equal(server.memory.usedBytes, 0);
    });
  }

  it('that comes in one piece with requests before and behind it is answered in their order', async (context) => {
    const { connect } = await open(context);
    const client = connect();
    const refused = (bytes: number): string => ask('full', bytes) + deceitful(bytes).toString('latin1');
    const chunked = ask('full', 0).replace('content-length: 0', 'transfer-encoding: chunked');
    const chunks = inChunks(deceitful(5000), 700);
    const pieces = [askFree, refused(10), refused(100_000), askFree, refused(0), refused(2_000_000), chunked, chunks];
    await client.write(Buffer.from([...pieces, askFree].join(''), 'latin1'));
    await assertSums(client);
    for (const status of [429, 429]) assert.equal((await client.read()).status, status);
    await assertSums(client);
    for (const status of [429, 429, 429]) assert.equal((await client.read()).status, status);
    await assertSums(client);
  });

  for (const [transport, isTls] of [
    ['TCP', false],
    ['TLS', true],
  ] as const) {
    it(`whose connection ends in the middle leaves nothing behind over ${transport} for the connections that come after it`, async (context) => {
      const { server, connect } = await open(context, { isTls });
      for (let turn = 0; turn < 20; turn += 1) {
        const leaving = connect();
        await leaving.write(ask('full', 900_000), deceitful(turn * 40_000));
        assert.equal((await leaving.read()).status, 429);
        if (turn % 2 === 1) leaving.socket.end();
        else if (isTls) leaving.close();
        else leaving.socket.resetAndDestroy();
        const client = connect();
        await client.write(askFree);
        await assertSums(client);
        client.close();
      }
      while (server.memory.usedBytes > 0) await new Promise(setImmediate);
      assert.equal(server.dataplane.model('free', undefined).admission.waitMs, 0);
    });
  }

  it('that never ends is ended by --request-timeout, and no second answer is written', async (context) => {
    const { connect } = await open(context, { flags: ['--request-timeout', '1s'] });
    const client = connect();
    await client.write(ask('full', 1000), 'less than that');
    assert.equal((await client.read()).status, 429);
    await assert.rejects(client.read(), /^Error: closed after $/);
  });
});
