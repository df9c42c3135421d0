import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { jsonOf, send, type Answer } from '../../support/http.js';
import { channelMeans } from '../../support/models.js';
import { openTestServer, serveFor, type TestServer } from '../../support/server.js';

const models = [
  { name: 'm', graph: channelMeans, config: { image: {}, classification: { activation: 'none' as const } } },
];
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
    for (const name of ['data', 'body', 'file', 'image', 'image[]']) {
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
    const asImage = await send(opened.url, { path, body: stripped, headers: { 'content-type': 'image/jpeg' } });
    assert.match(errorOf(asImage), /curl --data-binary @image or curl -T image/);
    assert.doesNotMatch(errorOf(await send(opened.url, { path, body: 'no image' })), /data-binary/);
    const drawing = await send(opened.url, { path, body: '<svg xmlns="http://www.w3.org/2000/svg"/>', headers });
    assert.match(errorOf(drawing), /an SVG drawing \(render it to PNG first\)/);
  });

  it('a list in place of an object is answered with what to send', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'application/json', '']) {
      for (const body of ['[[0.5, 1], [2, 3]]', ' \n[1]', '[]']) {
        const { status, ...answer } = await send(opened.url, { path, body, headers: { 'content-type': type } });
        assert.equal(status, 400);
        const told =
          /begins like a JSON list: expected .* or "inputs"\. .* POST \/v1\/models\/m:predict, as {"instances": \[\.\.\.\]}$/;
        assert.match(errorOf({ status, ...answer }), told);
      }
    }
  });

  it('a form whose fields are text, and fields that mean nothing, are named', async () => {
    const urlEncoded = { 'content-type': 'application/x-www-form-urlencoded' };
    const fielded = await send(opened.url, { path, body: 'data=aGVsbG8%3D', headers: urlEncoded });
    assert.match(errorOf(fielded), /URL-encoded form with a field 'data'.*curl -F image=@FILE or curl -T FILE/);
    const refusals = {
      data: /"data" is not a field of this form: expected files .*'top'/,
      scroe: /"scroe" is not a field/,
    };
    for (const [name, message] of Object.entries(refusals)) {
      const form = new FormData();
      form.append('image', new Blob([new Uint8Array(green)]), 'green.jpg');
      form.append(name, '0.5');
      const response = await fetch(`${opened.url}${path}`, { method: 'POST', body: form });
      assert.equal(response.status, 400);
      assert.match(((await response.json()) as { error: string }).error, message);
    }
    const twice = new FormData();
    twice.append('image', new Blob([new Uint8Array(green)]), 'green.jpg');
    for (const top of ['1', '2']) twice.append('top', top);
    const response = await fetch(`${opened.url}${path}`, { method: 'POST', body: twice });
    assert.match(((await response.json()) as { error: string }).error, /"top" comes twice/);
  });

  it('a parameter that the path does not know is named', async () => {
    for (const [method, at, message] of [
      [
        'POST',
        `${path}?scroe=0.5`,
        /^"scroe" is not a parameter of this path: expected 'top', 'score', 'iou', 'max', 'mask', 'similarity', 'preview', 'outputs'/,
      ],
      ['POST', `${path}?top=1&__proto__=1`, /^"__proto__" is not a parameter/],
      ['GET', '/v2/models/m?meta=whole', /^"meta" is not a parameter of this path: expected 'metadata'/],
      ['GET', '/v2/models?x', /^"x" is not a parameter/],
      ['GET', '/v2?pretty=1', /^"pretty" is not a parameter of this path: it takes none/],
      ['POST', '/v2/models/m/infer?top=1', /^"top" is not a parameter of this path: it takes none/],
      ['POST', '/v1/models/m:predict?top=1', /^"top" is not a parameter/],
      ['GET', '/v2/models/m/config?x=%20', /^"x" is not a parameter/],
      ['POST', '/v2/repository/index?ready=true', /^"ready" is not a parameter/],
      ['GET', '/streams?x=1', /^"x" is not a parameter/],
    ] as const) {
      const answer = await send(opened.url, { method, path: at, ...(method === 'POST' ? { body: green } : {}) });
      assert.equal(answer.status, 400, at);
      assert.match(errorOf(answer), message);
    }
  });

  it('probes, scrapers and links may add parameters', async () => {
    const added = [
      '/v2/health/live?t=1',
      '/v2/health/ready?t=1',
      '/metrics?t=1',
      '/?utm=1',
      '/docs?x',
      '/openapi.json?v=2',
      '/stream?x',
    ];
    for (const at of added) assert.equal((await send(opened.url, { path: at })).status, 200, at);
  });

  it('paths of other servers are answered with the one that is meant', async () => {
    for (const [at, message] of [
      ['/ping', /GET \/v2\/health\/live/],
      ['/healthz', /GET \/v2\/health\/live/],
      ['/v2/health', /GET \/v2\/health\/ready/],
      ['/models', /GET \/v2\/models/],
      ['/models/m', /GET \/v2\/models\/m,/],
      ['/v2/models/m/load', /POST \/v2\/repository\/models\/m\/load/],
      ['/v2/models/m/predict', /POST \/v2\/models\/m\/infer/],
      ['/v2/systemsharedmemory/status', /Shared memory is not offered/],
      ['/v2/models/m/generate', /not generated here/],
      ['/v2/models/m/versions', /GET \/v2\/models\/m answers.*versions/],
      ['/v1/models/m/labels/stable', /\/v1\/models\/m\/versions\/N/],
      ['/predict/m', /POST \/predictions\/m or/],
      ['/engines/v1/embeddings', /POST \/v1\/embeddings, .*\/predictions\/\{model\}/],
      ['/api/embed', /POST \/v1\/embeddings/],
      ['/embed', /POST \/v1\/embeddings/],
      ['/v1/chat/completions', /not generated here/],
      ['/rerank', /POST \/v1\/rerank;.*\{"text": \[\["question", "passage"\]/],
      ['/score', /POST \/v1\/rerank;/],
      ['/predictions', /POST \/predictions\/\{model\}/],
      ['/predictions/m/1.0', /\/predictions\/m\/versions\/N/],
      ['/predictions/m/7.png', /curl -T adds the name of the file.*expected \/predictions\/m without one/],
      ['/swagger', /described at \/docs/],
      ['/nowhere', /described at \/docs/],
    ] as const) {
      const answer = await send(opened.url, { method: 'PUT', path: at, body: green });
      assert.equal(answer.status, 404, at);
      assert.match(errorOf(answer), message, at);
    }
  });

  it('every path answers OPTIONS with its verbs, any other verb with 405 and the same, and a slash at its end changes nothing', async () => {
    for (const [pattern, methods] of opened.server.app.router.routes) {
      const at = pattern.replaceAll(/:\w+/g, 'm');
      const own = [...methods].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
      for (const end of pattern === '/' ? [''] : ['', '/']) {
        const options = await send(opened.url, { method: 'OPTIONS', path: `${at}${end}` });
        assert.equal(options.status, 200, at);
        assert.deepEqual(String(options.headers.allow).split(', '), [...own, 'OPTIONS'], at);
        const other = await send(opened.url, { method: 'PATCH', path: `${at}${end}` });
        assert.deepEqual([other.status, String(other.headers.allow).split(', ')], [405, own], at);
      }
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
