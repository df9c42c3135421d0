import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { jsonOf, send, type Answer } from '../../support/http.js';
import { openTestServer, type TestServer } from '../../support/server.js';
import { drawScene, putColours, putFaces, putPipeline } from './models.js';

type Opened = TestServer & { stop(): Promise<void> };

const key = 'a-key-of-the-colours';
let [finder, namer, both]: (Opened | undefined)[] = [];
let scene: Buffer;

/** Another server, which answers as each test says. */
let other: Server;
let answerOther: (request: IncomingMessage, response: ServerResponse) => void;
const otherUrl = () => `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
const ready =
  (status = 200) =>
  (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"ready":true}');
  };

/** Ready, and then so. */
function answers(predict: (request: IncomingMessage, response: ServerResponse) => void): void {
  answerOther = (request, response) => {
    if (request.method === 'GET') ready()(request, response);
    else predict(request, response);
  };
}

const ask = (pipeline: string, headers: Record<string, string> = {}) =>
  send(both!.url, { path: `/predictions/${pipeline}`, body: scene, headers });
const errorOf = (answer: Answer): string => (jsonOf(answer) as { error: string }).error;

async function serve(pipeline: string, steps: readonly object[]): Promise<void> {
  await putPipeline(both!.folder, pipeline, { steps });
  await send(both!.url, { path: `/v2/repository/models/${pipeline}/load`, body: '{}' });
}

async function refuses(status: number, text: RegExp): Promise<void> {
  const answer = await ask('other');
  assert.equal(answer.status, status, answer.body.toString());
  assert.match(errorOf(answer), text);
}

before(async () => {
  scene = await drawScene();
  other = createServer((incoming, response) => answerOther(incoming, response)).listen(0, '127.0.0.1');
  await once(other, 'listening');
  answerOther = ready();
  [finder, namer, both] = await Promise.all([
    openTestServer(),
    openTestServer({ keys: [`combined:predict:${key}`, 'boss:admin:another-key'] }),
    openTestServer(),
  ]);
  await putFaces(finder.folder);
  await putColours(namer.folder);
  const load = (url: string, model: string, headers = {}) =>
    send(url, { path: `/v2/repository/models/${model}/load`, body: '{}', headers });
  await load(finder.url, 'faces');
  await load(namer.url, 'colours', { 'x-api-key': 'another-key' });
  process.env['SLIPWAY_STEP_KEY_COLOURS'] = key;
});
after(async () => {
  delete process.env['SLIPWAY_STEP_KEY_COLOURS'];
  other.closeAllConnections();
  other.close();
  for (const server of [finder, namer, both]) await server?.stop();
});

describe('a pipeline of models of other servers', () => {
  it('answers what they say, and from where, with the key that it is told to show', async () => {
    await serve('combined', [
      { name: 'found', model: 'faces', url: finder!.url, options: { score: 0.4 } },
      {
        name: 'colour',
        model: 'colours',
        url: `${namer!.url}/`,
        key: 'COLOURS',
        crop: { of: 'found', labels: ['face'] },
      },
    ]);
    const answer = await ask('combined');
    assert.equal(answer.status, 200, answer.body.toString());
    const { results, steps } = jsonOf(answer) as {
      results: { found: { detections: { results?: { colour: { predictions: { label: string }[] } } }[] } };
      steps: Record<string, unknown>[];
    };
    assert.deepEqual(
      results.found.detections.map((one) => one.results?.colour.predictions[0]?.label),
      ['red', 'green', undefined, 'blue'],
    );
    assert.deepEqual(
      steps.map(({ url, device, calls }) => [url, device, calls]),
      [
        [finder!.url, 'cpu', 1],
        [namer!.url, 'cpu', 3],
      ],
    );
    assert.equal(both!.server.memory.usedBytes, 0);
  });

  it('takes a key from a file, read anew each time, and says what is wrong with keys without showing them', async () => {
    const path = join(both!.folder, 'key');
    await writeFile(path, `${key}\n`);
    process.env['SLIPWAY_STEP_KEY_FILED_FILE'] = path;
    const step = { name: 'colour', model: 'colours', url: namer!.url, key: 'FILED' };
    await serve('filed', [step]);
    assert.equal((await ask('filed')).status, 200);
    await writeFile(path, 'wrong-key');
    const refused = await ask('filed');
    assert.equal(refused.status, 502);
    assert.match(errorOf(refused), /Step 'colour' \(model 'colours' at http:.*\): it answered 401: The key is not one/);
    assert.doesNotMatch(errorOf(refused), /wrong-key/);
    delete process.env['SLIPWAY_STEP_KEY_FILED_FILE'];
    await serve('filed', [step]);
    const waits = await ask('filed');
    assert.equal(waits.status, 503);
    assert.match(
      errorOf(waits),
      /the key 'FILED' is not there: set SLIPWAY_STEP_KEY_FILED, or SLIPWAY_STEP_KEY_FILED_FILE/,
    );
    await writeFile(path, 'removed');
  });

  it('waits for them, and is ready once they are', async () => {
    answerOther = ready(503);
    await serve('other', [{ name: 'there', model: 'm', url: otherUrl(), timeoutMs: 60_000 }]);
    await refuses(
      503,
      /Pipeline 'other': step 'there': model 'm' at http:\/\/127.0.0.1:\d+ is not ready: it answered 503/,
    );
    assert.equal((await send(both!.url, { path: '/v2/models/other/ready' })).status, 503);
    answers((incoming, response) => {
      incoming.resume();
      response.end('{"device":"gpu","model_version":"3","timings":{},"predictions":[{"index":5}]}');
    });
    await serve('other', [{ name: 'there', model: 'm', url: otherUrl(), timeoutMs: 60_000 }]);
    const { results, device } = jsonOf(await ask('other')) as { results: object; device: string };
    assert.deepEqual([results, device], [{ there: { predictions: [{ index: 5 }] } }, 'gpu']);
  });

  it('says which step failed and why, follows no redirect, and takes nothing for an answer that is none', async () => {
    const cases: readonly (readonly [status: number, body: string, expected: number, text: RegExp])[] = [
      [500, '{"error":"it broke"}', 502, /Step 'there' \(model 'm' at .*\): it answered 500: it broke/],
      [404, '{"error":"no such model"}', 502, /it answered 404: no such model/],
      [400, '{"error":"no image"}', 400, /it answered 400: no image/],
      [429, '{"error":"full"}', 429, /it answered 429: full/],
      [503, 'none', 503, /it answered 503$/],
      [302, '', 502, /it answered 302, a redirect, and redirects are not followed/],
      [200, '<html>', 502, /its answer is not that of a model: expected JSON/],
      [200, '[1]', 502, /its answer is not that of a model/],
      [200, '{"predictions":[]}', 502, /its answer is not that of a model/],
      [200, '{"device":"cpu\\r\\nset-cookie: a=b","model_version":"1"}', 502, /short texts that a header may hold/],
      [200, `{"device":"${'x'.repeat(1001)}","model_version":"1"}`, 502, /short texts that a header may hold/],
      [200, '{"device":"模","model_version":"1"}', 502, /short texts that a header may hold/],
      [500, '{"error":"a\\u001b[31mb"}', 502, /it answered 500: a\\u001b\[31mb/],
    ];
    for (const [status, body, expected, text] of cases) {
      answers((incoming, response) => {
        incoming.resume();
        response.writeHead(status, { location: finder!.url, 'retry-after': '7' }).end(body);
      });
      await refuses(expected, text);
      if (status === 429) assert.equal((await ask('other')).headers['retry-after'], '7');
    }
    answers((incoming) => incoming.socket.destroy());
    await refuses(502, /Step 'there' .*(other side closed|ECONNRESET|socket)/);
  });

  it('gives up a step that takes too long, by its own limit', async () => {
    answers((incoming) => incoming.resume());
    await serve('other', [{ name: 'there', model: 'm', url: otherUrl(), timeoutMs: 30 }]);
    await refuses(504, /Step 'there' \(model 'm' at .*\): no answer within 30 ms \(timeoutMs\)/);
  });

  it('waits no longer for an answer whose compression is damaged, of which some lines of Node.js never tell', async () => {
    answers((incoming, response) => {
      incoming.resume();
      response.writeHead(200, { 'content-encoding': 'gzip' }).flushHeaders();
      setTimeout(() => response.end('{"device":"cpu","model_version":"1"}'), 20);
    });
    await serve('other', [{ name: 'there', model: 'm', url: otherUrl(), timeoutMs: 500 }]);
    const answer = await ask('other');
    assert.match(
      `${answer.status} ${errorOf(answer)}`,
      /^(502 .*incorrect header check|504 .*no answer within 500 ms)/,
    );
  });

  it('tells the others when its client leaves', async () => {
    await serve('other', [{ name: 'there', model: 'm', url: otherUrl(), timeoutMs: 60_000 }]);
    const closed = new Promise<void>((resolve) => {
      answers((incoming) => {
        incoming.resume();
        incoming.once('close', () => (incoming.complete ? undefined : resolve()));
        incoming.socket.once('close', () => resolve());
        client.destroy();
      });
    });
    const client = request(`${both!.url}/predictions/other`, { method: 'POST' });
    client.on('error', () => undefined);
    client.end(scene);
    await closed;
  });

  it('says through which pipelines a request came, and refuses one that comes back', async () => {
    let trail = '';
    answers((incoming, response) => {
      incoming.resume();
      trail = String(incoming.headers['x-slipway-trail']);
      response.end('{"device":"cpu","model_version":"1"}');
    });
    assert.equal((await ask('other', { 'x-slipway-trail': 'else/first' })).status, 200);
    assert.match(trail, /^else\/first,[\w-]+\/other$/);
    const back = await ask('other', { 'x-slipway-trail': trail });
    assert.equal(back.status, 400);
    assert.match(errorOf(back), /The pipelines call each other in a cycle: 'first' -> 'other' -> 'other'/);
    const through = (count: number) => Array.from({ length: count }, (_, n) => `s${n}/p${n}`).join(',');
    assert.equal((await ask('other', { 'x-slipway-trail': through(7) })).status, 200);
    const far = await ask('other', { 'x-slipway-trail': through(8) });
    assert.equal(far.status, 400);
    assert.match(errorOf(far), /came through 8 pipelines, the maximum: 'p0' -> .* -> 'other'/);
    const strange = await ask('other', { 'x-slipway-trail': 'nonsense' });
    assert.match(errorOf(strange), /The header x-slipway-trail was not written by a server/);
  });

  it('runs pipelines as steps, of this server and of others, and steps on the whole image beside each other', async () => {
    await putPipeline(finder!.folder, 'deep', { steps: [{ name: 'found', model: 'faces' }] });
    await send(finder!.url, { path: '/v2/repository/models/deep/load', body: '{}' });
    await serve('inner', [{ name: 'there', model: 'deep', url: finder!.url }]);
    await serve('whole', [
      { name: 'one', model: 'inner' },
      { name: 'two', model: 'faces', url: finder!.url, options: { max: 1 } },
    ]);
    const { results } = jsonOf(await ask('whole')) as {
      results: {
        one: { results: { there: { results: { found: { detections: unknown[] } } } } };
        two: { detections: unknown[] };
      };
    };
    const deep = results.one.results.there.results.found.detections;
    assert.equal(deep.length, 4);
    assert.deepEqual(results.two.detections, deep.slice(0, 1));
  });

  it('waits for ever, and says for what, where two servers wait for each other', async () => {
    await putPipeline(finder!.folder, 'there', { steps: [{ name: 'back', model: 'here', url: both!.url }] });
    await serve('here', [{ name: 'to', model: 'there', url: finder!.url }]);
    await send(finder!.url, { path: '/v2/repository/models/there/load', body: '{}' });
    await serve('here', [{ name: 'to', model: 'there', url: finder!.url }]);
    const answer = await ask('here');
    assert.equal(answer.status, 503);
    assert.match(errorOf(answer), /Pipeline 'here': step 'to': model 'there' at .* is not ready: it answered 503/);
  });
});
