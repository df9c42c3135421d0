import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { jsonOf, send, type Answer } from '../../support/http.js';
import { openTestServer, serveFor, type TestServer } from '../../support/server.js';

/** The mean of each channel as three classes. */
const means: Graph = {
  name: 'means',
  inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 3, 8, 8] }],
  outputs: [{ name: 'scores', datatype: 'FP32', shape: [1, 3] }],
  nodes: [{ op: 'ReduceMean', inputs: ['image'], outputs: ['scores'], attributes: { axes: [2, 3], keepdims: 0 } }],
};
const models = [{ name: 'm', graph: means, config: { image: {}, classification: { activation: 'none' as const } } }];
const path = '/predictions/m';
const errorOf = (answer: Answer) => (jsonOf(answer) as { error: string }).error;
const indexOf = (answer: Answer) => (jsonOf(answer) as { predictions: { index: number }[] }).predictions[0]?.index;

describe('requests as people type them', () => {
  let opened: TestServer & { stop(): Promise<void> };
  let green: Buffer;
  before(async () => {
    green = await sharp({ create: { width: 20, height: 10, channels: 3, background: '#082' } })
      .jpeg()
      .toBuffer();
    opened = await openTestServer({ models });
  });
  after(() => opened.stop());

  it('GET /v2/models lists the ready models', async () => {
    const answer = await send(opened.url, { method: 'GET', path: '/v2/models' });
    assert.deepEqual([answer.status, jsonOf(answer)], [200, { models: ['m'] }]);
  });

  it('PUT answers what POST does, for a version too', async () => {
    for (const at of [path, `${path}/versions/1`, `${path}?top=1`]) {
      const answers = await Promise.all(
        ['PUT', 'POST'].map((method) => send(opened.url, { method, path: at, body: green })),
      );
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200],
      );
      assert.deepEqual(answers.map(indexOf), [1, 1]);
    }
    const other = await send(opened.url, { method: 'DELETE', path });
    assert.deepEqual([other.status, other.headers.allow], [405, 'POST, PUT']);
  });

  it('forms may call the image data, body or file', async () => {
    for (const name of ['data', 'body', 'file']) {
      const form = new FormData();
      form.append(name, new Blob([new Uint8Array(green)]), 'green.jpg');
      for (const method of ['POST', 'PUT']) {
        const response = await fetch(`${opened.url}${path}`, { method, body: form });
        const { predictions } = (await response.json()) as { predictions: { index: number }[] };
        assert.equal(predictions[0]?.index, 1);
      }
    }
  });

  it('a file that curl -d has stripped is answered with what to type; whole ones and JSON are not', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const stripped = Buffer.from(green.filter((byte) => ![0, 10, 13].includes(byte)));
    const refused = await send(opened.url, { path, body: stripped, headers });
    assert.equal(refused.status, 400);
    assert.match(errorOf(refused), /curl --data-binary @image or curl -T image/);
    assert.equal((await send(opened.url, { path, body: green, headers })).status, 200);
    const json = JSON.stringify({ image: green.toString('base64') });
    assert.equal((await send(opened.url, { path, body: json, headers })).status, 200);
    assert.doesNotMatch(errorOf(await send(opened.url, { path, body: stripped })), /curl/);
  });

  it('a parameter that the path does not know is named', async () => {
    for (const [method, at, message] of [
      [
        'POST',
        `${path}?scroe=0.5`,
        /^"scroe" is no parameter of this path: expected 'top', 'score', 'iou', 'max', 'mask', 'similarity', 'outputs'/,
      ],
      ['POST', `${path}?top=1&__proto__=1`, /^"__proto__" is no parameter/],
      ['GET', '/v2/models/m?meta=whole', /^"meta" is no parameter of this path: expected 'metadata'/],
      ['GET', '/v2/models?x', /^"x" is no parameter/],
    ] as const) {
      const answer = await send(opened.url, { method, path: at, ...(method === 'POST' ? { body: green } : {}) });
      assert.equal(answer.status, 400, at);
      assert.match(errorOf(answer), message);
    }
  });

  it('PUT passes the same gates: pages of other origins, and keys', async (context) => {
    const headers = { origin: 'http://elsewhere.example' };
    assert.equal((await send(opened.url, { method: 'PUT', path, body: green, headers })).status, 403);
    const { url } = await serveFor(context, { models, keys: ['open-sesame'] });
    assert.equal((await send(url, { method: 'PUT', path, body: green })).status, 401);
    const key = { 'x-api-key': 'open-sesame' };
    assert.equal((await send(url, { method: 'PUT', path, body: green, headers: key })).status, 200);
  });
});
