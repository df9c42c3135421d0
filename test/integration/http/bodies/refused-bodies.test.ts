import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { identity } from '../../../support/models.js';
import { RawClient } from '../../../support/raw-client.js';
import { openTestServer, type TestServer } from '../../../support/server.js';

const limitBytes = 1_000_000;

describe('bodies of refused requests', () => {
  let opened: TestServer & { stop(): Promise<void> };
  before(async () => {
    const models = [{ name: 'f', graph: identity('FP32', ['batch', 'n']) }];
    opened = await openTestServer({ flags: ['--max-body-bytes', String(limitBytes)], models });
  });
  after(() => opened.stop());

  const refused: readonly [what: string, line: string, status: number, lengthBytes?: number][] = [
    ['there is no such model', 'POST /v2/models/none/infer', 404],
    ['there is no such model, past the framework', 'PUT /predictions/none?top=1', 404],
    ['it would be too large', 'POST /v2/models/f/infer', 413, limitBytes + 1],
    ['the path takes no body', 'POST /v2/models/f/nothing', 404],
  ];
  for (const [what, line, status, lengthBytes = 300_000] of refused) {
    it(`are not asked for with 100 Continue where ${what}, and the connection ends`, async (context) => {
      const client = new RawClient(opened.url);
      context.after(() => client.close());
      const head = `${line} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ${lengthBytes}\r\n\r\n`;
      await client.write(head);
      const answer = await client.read();
      assert.equal(answer.status, status, answer.body.toString());
      assert.match(answer.head, /^connection: close$/im);
      await assert.rejects(client.read(), /^Error: closed after $/);
    });
  }

  it('are read and dropped where they are small, and the connection goes on', async (context) => {
    const client = new RawClient(opened.url);
    context.after(() => client.close());
    const head =
      'POST /v2/models/none/infer HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 60000\r\n\r\n';
    for (let turn = 0; turn < 2; turn += 1) {
      await client.write(head);
      assert.equal((await client.read()).status, 100);
      const answer = await client.read();
      assert.equal(answer.status, 404);
      assert.doesNotMatch(answer.head, /^connection: close$/im);
      await client.write(Buffer.alloc(60_000, '{'));
    }
  });
});
