import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { send } from '../../support/http.js';
import { sumAndDifference } from '../../support/models.js';
import { RawClient } from '../../support/raw-client.js';
import { serveFor } from '../../support/server.js';
import { goodCall } from './cases/case.js';

const post = 'POST /v2/models/m/infer HTTP/1.1\r\nhost: x\r\n';
const cases: readonly (readonly [bytes: string, status: number, error: RegExp])[] = [
  ['CONNECT x:443 HTTP/1.1\r\nhost: x:443\r\n\r\n', 405, /^CONNECT is not supported/],
  [
    `${post}expect: 200-ok\r\ncontent-length: 2\r\n\r\n{}`,
    417,
    /^Expect: 200-ok cannot be met\. Expected 100-continue/,
  ],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, /^The client speaks HTTP\/2, .* --grpc-port/],
];

describe('a request that no route sees', () => {
  for (const [bytes, status, error] of cases) {
    it(`is answered with ${status} in the form of other errors, and the server serves on`, async (context) => {
      const { url } = await serveFor(context, { models: [{ name: 'm', graph: sumAndDifference }] });
      const client = new RawClient(url);
      context.after(() => client.close());
      await client.write(bytes);
      const answer = await client.read();
      assert.equal(answer.status, status);
      assert.match(answer.head, /\r\nx-content-type-options: nosniff/i);
      assert.match((JSON.parse(answer.body.toString()) as { error: string }).error, error);
      assert.equal((await send(url, { ...goodCall, path: '/v2/models/m/infer' })).status, 200);
    });
  }
});

describe('a request of thousands of headers', () => {
  const many = 'h:\r\n'.repeat(3000);
  const body = String(goodCall.body);
  const cases: readonly (readonly [what: string, headers: string, status: number])[] = [
    ['the length of its body', `content-length: ${body.length}\r\n`, 200],
    ['a page that it comes from', `content-length: ${body.length}\r\norigin: http://elsewhere.example\r\n`, 403],
    ['another Host', `content-length: ${body.length}\r\nhost: y\r\n`, 400],
  ];
  for (const [what, headers, status] of cases) {
    it(`is answered with ${status} where the last of them name ${what}`, async (context) => {
      const { url } = await serveFor(context, { models: [{ name: 'm', graph: sumAndDifference }] });
      const client = new RawClient(url);
      context.after(() => client.close());
      await client.write(`${post}${many}${headers}\r\n${body}`);
      assert.equal((await client.read()).status, status);
    });
  }
});

describe('a body that other codings than chunked were put on', () => {
  const codings: readonly (readonly string[])[] = [['gzip, chunked'], ['GZIP,chunked'], ['deflate', 'chunked']];
  it('is answered with 501 on every way in, and the connection serves on', async (context) => {
    const { url } = await serveFor(context, { models: [{ name: 'm', graph: sumAndDifference }] });
    const ask = async (client: RawClient, path: string, codings: readonly string[]) => {
      const headers = codings.map((coding) => `transfer-encoding: ${coding}\r\n`).join('');
      await client.write(`POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n5\r\nhello\r\n0\r\n\r\n`);
      return client.read();
    };
    for (const path of ['/v2/models/m/infer', '/v2/models/%6D/infer', '/none']) {
      const client = new RawClient(url);
      context.after(() => client.close());
      for (const coding of codings) {
        const { status, head, body } = await ask(client, path, coding);
        assert.equal(status, 501, `${path} ${coding.join()}`);
        assert.match(head, /\r\nx-error-code: UNSUPPORTED_TRANSFER/);
        assert.match(body.toString(), /expected chunked alone/);
      }
      assert.equal((await ask(client, path, ['Chunked'])).status, path === '/none' ? 404 : 400);
    }
  });
});
