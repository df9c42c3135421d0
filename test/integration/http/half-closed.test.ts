import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { makeCertificate } from '../../support/certificates.js';
import { send } from '../../support/http.js';
import { slowProduct, sumAndDifference } from '../../support/models.js';
import { RawClient } from '../../support/raw-client.js';
import { serveFor } from '../../support/server.js';
import { goodCall } from './cases/case.js';

const m = { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } };
const slow = { name: 'slow', graph: slowProduct(40), config: { batching: { maxRows: 0 }, warmup: false } };
const sumBody = String(goodCall.body);
const slowBody = JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1], data: [1] }] });
const post = (model: string, body: string, minor = 1): string =>
  `POST /v2/models/${model}/infer HTTP/1.${minor}\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

const certificate = makeCertificate('own');
const transports = [
  ['TCP', {}, 'connect'],
  ['TLS', { certificate }, 'secureConnect'],
] as const;

/** The statuses of all answers until the server closes, without interim ones. */
async function statusesOf(client: RawClient, count: number): Promise<readonly number[]> {
  const statuses: number[] = [];
  while (statuses.length < count) {
    const { status } = await client.read();
    if (status !== 100) statuses.push(status);
  }
  await assert.rejects(client.read(), /^Error: closed after $/);
  return statuses;
}

describe('a client that closes its side once its requests are sent', () => {
  const requests: readonly (readonly [what: string, bytes: string, statuses: readonly number[]])[] = [
    ['one that is answered at once', post('m', sumBody), [200]],
    ['one that takes long', post('slow', slowBody), [200]],
    ['one of HTTP/1.0', post('slow', slowBody, 0), [200]],
    [
      'several, the last one refused',
      post('slow', slowBody) + post('m', sumBody) + post('none', '{}'),
      [200, 200, 404],
    ],
    ['a GET', 'GET /v2 HTTP/1.1\r\nhost: x\r\n\r\n', [200]],
  ];
  for (const [transport, options] of transports) {
    for (const [what, bytes, statuses] of requests) {
      it(`gets its answers over ${transport}: ${what}`, async (context) => {
        const { url } = await serveFor(context, { models: [m, slow], ...options });
        const client = new RawClient(url);
        context.after(() => client.close());
        client.socket.end(bytes);
        assert.deepEqual(await statusesOf(client, statuses.length), statuses);
      });
    }
  }

  for (const [transport, options, connected] of transports) {
    it(`has its connection closed over ${transport} where there is nothing to answer`, async (context) => {
      const { url } = await serveFor(context, { models: [m], ...options });
      for (const before of [[], [post('m', sumBody)]]) {
        const client = new RawClient(url);
        context.after(() => client.close());
        await once(client.socket, connected);
        await client.write(...before);
        if (before.length > 0) assert.equal((await client.read()).status, 200);
        client.socket.end();
        await statusesOf(client, 0);
      }
    });
  }

  it('has its connection closed at once where it has not shaken hands over TLS, whatever the limit of that', async (context) => {
    const { url } = await serveFor(context, { models: [m], certificate, flags: ['--headers-timeout', '0'] });
    for (const bytes of ['', '\x16\x03\x01']) {
      const client = new RawClient(url.replace('https:', 'http:'));
      context.after(() => client.close());
      await once(client.socket, 'connect');
      client.socket.end(bytes);
      await statusesOf(client, 0);
    }
  });

  it('is told apart from one that has gone, whose request does not wait for its turn', async (context) => {
    const config = { ...slow.config, instances: { cpu: 1 } };
    const { url, server } = await serveFor(context, { models: [{ name: 'slow', graph: slowProduct(600), config }] });
    const over = new AbortController();
    const running = send(url, { path: '/v2/models/slow/infer', body: slowBody }).finally(() => over.abort());
    while (server.busyWorkers() === 0) await new Promise(setImmediate);
    const { hostname, port } = new URL(url);
    const model = server.dataplane.model('slow', undefined);
    for (let count = 1; count <= 20; count += 1) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      await new Promise((resolve) => socket.write(post('slow', slowBody), resolve));
      socket.destroy();
    }
    while (model.queuedRows === 0 && !over.signal.aborted) await new Promise(setImmediate);
    while (model.queuedRows > 0) await new Promise(setImmediate);
    assert.equal(over.signal.aborted, false, 'they waited until it was their turn');
    assert.equal((await running).status, 200);
  });
});

describe('bytes that are no HTTP', () => {
  const garbage = 'no HTTP at all\r\n\r\n';

  it('are refused after the requests before them on the connection have their own answers', async (context) => {
    const { url } = await serveFor(context, { models: [m, slow] });
    for (const before of [post('slow', slowBody), post('slow', slowBody) + post('m', sumBody), post('m', sumBody)]) {
      for (const pieces of [[before + garbage], [before, garbage, garbage]]) {
        const client = new RawClient(url);
        context.after(() => client.close());
        await client.write(...pieces);
        const statuses = before.match(/POST/g)!.map(() => 200);
        assert.deepEqual(await statusesOf(client, statuses.length + 1), [...statuses, 400]);
      }
    }
  });

  it('are refused at once where they stand in a body that is not whole', async (context) => {
    const { url } = await serveFor(context, { models: [m] });
    const client = new RawClient(url);
    context.after(() => client.close());
    await client.write('POST /v2/models/m/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n', 'zz\r\n');
    assert.deepEqual(await statusesOf(client, 1), [400]);
  });
});

describe('a request without a Host header', () => {
  it('is refused in the form of other errors where it is of HTTP/1.1, and served where it is of HTTP/1.0', async (context) => {
    const { url } = await serveFor(context, { models: [m] });
    for (const path of ['/v2', '/v2/models/m/infer', '/v2/health/live', '/none']) {
      for (const method of ['GET', 'POST']) {
        const client = new RawClient(url);
        context.after(() => client.close());
        await client.write(`${method} ${path} HTTP/1.1\r\ncontent-length: 0\r\n\r\n`);
        const answer = await client.read();
        assert.equal(answer.status, 400);
        assert.match(answer.head, /\r\ncontent-type: application\/json/i);
        assert.deepEqual(JSON.parse(answer.body.toString()), {
          error: 'Expected a Host header, which HTTP/1.1 requires, but received none.',
        });
      }
    }
    const client = new RawClient(url);
    context.after(() => client.close());
    await client.write('GET /v2 HTTP/1.0\r\n\r\n');
    assert.equal((await client.read()).status, 200);
  });
});
