import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as ask, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { discardBody, isDiscarding } from '../../../../src/server/http/body/discard.js';
import { ReadLine } from '../../../../src/server/http/body/read-line.js';
import { RawClient } from '../../../support/raw-client.js';

/** A server that refuses bodies sent to /no without reading them, counting what came nevertheless, and answers others with their body. */
async function open(context: TestContext) {
  const line = new ReadLine(0);
  const facts = { pieces: 0, discarding: [] as boolean[], sockets: [] as Socket[] };
  const server = createServer((request, response) => {
    facts.sockets.push(request.socket);
    if (request.url !== '/no') {
      facts.discarding.push(isDiscarding(request.socket));
      void buffer(request).then((body) => response.end(body));
      return;
    }
    discardBody(request, line);
    discardBody(request, line);
    facts.discarding.push(isDiscarding(request.socket));
    request.on('data', () => (facts.pieces += 1));
    response.writeHead(429, ['content-length', '0']).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connect = (): RawClient => {
    const client = new RawClient(url);
    context.after(() => client.close());
    return client;
  };
  context.after(() => server.close());
  return { facts, url, connect };
}

const head = (path: string, bytes: number): string =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`;

describe('a body that nobody reads', () => {
  for (const bytes of [1, 65_000, 3_000_000]) {
    it(`of ${bytes} bytes comes in no piece, and the next one of its connection whole`, async (context) => {
      const { facts, connect } = await open(context);
      const client = connect();
      const body = Buffer.alloc(200_000, 'abcdefg');
      for (let turn = 0; turn < 2; turn += 1) {
        await client.write(head('/no', bytes), Buffer.alloc(bytes, 7), head('/yes', body.length), body);
        assert.equal((await client.read()).status, 429);
        assert.ok((await client.read()).body.equals(body));
      }
      assert.equal(facts.pieces, 0);
      assert.deepEqual(facts.discarding, [true, false, true, false]);
    });
  }

  it('changes nothing for whoever gets the parser of its connection next, be it a client', async (context) => {
    const { facts, url, connect } = await open(context);
    const client = connect();
    await client.write(head('/no', 1000), 'a part');
    assert.equal((await client.read()).status, 429);
    const [socket] = facts.sockets;
    client.close();
    await new Promise((resolve) => socket!.once('close', resolve));
    for (let turn = 0; turn < 3; turn += 1) {
      const sent = ask(`${url}/yes`, { method: 'POST' });
      sent.end('all of it');
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      assert.equal(String(await buffer(answer)), 'all of it');
    }
  });
});
