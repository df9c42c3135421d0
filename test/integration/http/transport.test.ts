import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { jsonOf, send } from '../../support/http.js';
import { failsAlways, failsOnLargeIndex, identity, sumAndDifference } from '../../support/models.js';
import { RawClient } from '../../support/raw-client.js';
import { serveFor } from '../../support/server.js';
import { goodCall, sums } from './cases/case.js';

const m = { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } };
const gpuReason = existsSync('/dev/nvidiactl') ? 'this machine has a GPU' : false;
const errorOf = (answer: Parameters<typeof jsonOf>[0]) => (jsonOf(answer) as { error: string }).error;

/** Sends bytes as they are and reads until the server closes. */
async function exchangeBytes(url: string, ...parts: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => undefined);
  for (const part of parts) socket.write(part);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('utf8');
}

describe('the transport', () => {
  it('asks for a key everywhere but at the health paths and the pages’ own files, and takes it in both headers', async (context) => {
    const { url, lines } = await serveFor(context, { models: [m], keys: ['secret-key'], flags: ['--access-log'] });
    for (const path of ['/v2', '/v2/models/m', '/metrics', '/docs/examples/m', '/v1/models']) {
      const refused = await send(url, { path });
      assert.equal(refused.status, 401, path);
      assert.equal(refused.headers['www-authenticate'], 'Bearer');
      assert.match(errorOf(refused), /needs an API key/);
    }
    assert.equal((await send(url, { ...goodCall, headers: { authorization: 'Bearer wrong' } })).status, 401);
    assert.equal((await send(url, { path: '/v2/health/ready' })).status, 200);
    sums(await send(url, { ...goodCall, headers: { authorization: 'Bearer secret-key' } }));
    sums(await send(url, { ...goodCall, headers: { 'x-api-key': 'secret-key' } }));
    assert.doesNotMatch(JSON.stringify(lines), /secret-key/);
  });

  it('leaves /metrics open where the settings say so', async (context) => {
    const { url } = await serveFor(context, { keys: ['k'], flags: ['--open-metrics'] });
    assert.equal((await send(url, { path: '/metrics' })).status, 200);
    assert.equal((await send(url, { path: '/v2' })).status, 401);
  });

  it('serves below a base path and nowhere else', async (context) => {
    const { url, server } = await serveFor(context, { models: [m], flags: ['--base-path', '/at/base'] });
    assert.ok(url.endsWith('/at/base'));
    sums(await send(url, goodCall));
    const root = url.replace('/at/base', '');
    assert.equal((await send(root, goodCall)).status, 404);
    assert.equal((await send(`${root}/at/basement`, goodCall)).status, 404);
    assert.equal(server.url, url);
  });

  it('answers a path alike however it is spelled, with an id of its own for each request', async (context) => {
    const { url } = await serveFor(context, { models: [m] });
    const ids = new Set<unknown>();
    const paths = ['/v2/models/m/infer', '/v2/models/%6D/infer', '/v2/models/m/infer/', '/v2/models/m/infer?'];
    for (const path of [...paths, '/v2/models/m/versions/1/infer', ...paths]) {
      const answer = await send(url, { ...goodCall, path });
      sums(answer);
      ids.add(answer.headers['x-request-id']);
    }
    assert.equal(ids.size, 9);
    for (const path of ['/v2/models/none/infer', '/v2/models/non%65/infer']) {
      const refused = await send(url, { ...goodCall, path });
      assert.deepEqual(
        [refused.status, errorOf(refused)],
        [404, errorOf(await send(url, { ...goodCall, path: paths[0]!.replace('/m/', '/none/') }))],
      );
    }
    for (const path of paths.slice(0, 2)) assert.equal((await send(url, { path })).status, 405, path);
  });

  it('echoes a request id and a traceparent, and logs them with the model', async (context) => {
    const { url, lines } = await serveFor(context, { models: [m], flags: ['--access-log'] });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const { headers } = await send(url, { ...goodCall, headers: { 'x-request-id': 'mine-1', traceparent } });
    assert.equal(headers['x-request-id'], 'mine-1');
    assert.equal(headers['traceparent'], traceparent);
    const line = lines.find(({ requestId }) => requestId === 'mine-1');
    assert.deepEqual(
      { ...line, time: 0, ms: 0 },
      {
        level: 'info',
        time: 0,
        requestId: 'mine-1',
        traceparent,
        method: 'POST',
        path: '/v2/models/m/infer',
        status: 200,
        ms: 0,
        model: 'm',
        version: '1',
        message: 'request',
      },
    );
    const odd = await send(url, { path: '/v2', headers: { 'x-request-id': 'a b', traceparent: 'x' } });
    assert.match(odd.headers['x-request-id']?.toString() ?? '', /^test-/);
    assert.equal(odd.headers['traceparent'], undefined);
  });

  it('answers requests that follow on one connection before the first is answered, whole and in their order', async (context) => {
    const { url } = await serveFor(context, { models: [m] });
    const client = new RawClient(url);
    context.after(() => client.close());
    const body = String(goodCall.body);
    const infer = `POST ${goodCall.path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\nx-request-id: `;
    const get = (path: string, id: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\nx-request-id: ${id}\r\n\r\n`;
    for (let round = 0; round < 3; round += 1) {
      await client.write(`${infer}a\r\n\r\n${body}${get('/none', 'b')}${infer}c\r\n\r\n${body}${get('/v2', 'd')}`);
      const seen = [];
      for (const status of [200, 404, 200, 200]) {
        const answer = await client.read();
        assert.equal(answer.status, status);
        seen.push([
          /x-request-id: (.)/.exec(answer.head)?.[1],
          Object.keys(JSON.parse(String(answer.body)) as object)[0],
        ]);
      }
      assert.deepEqual(seen, [['a', 'model_name'], ['b', 'error'], ['c', 'model_name'], ['d', 'name']]); // prettier-ignore
    }
  });

  it('answers HEAD with the headers of GET, and known paths with 405 and Allow', async (context) => {
    const { url } = await serveFor(context, {});
    const head = await send(url, { method: 'HEAD', path: '/v2' });
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    assert.ok(Number(head.headers['content-length']) > 0);
    const put = await send(url, { method: 'PUT', path: '/v2/repository/index', body: 'x' });
    assert.deepEqual([put.status, put.headers.allow], [405, 'POST']);
  });

  it('refuses bad escapes, long names and headers that are too large, with its own body', async (context) => {
    const { url } = await serveFor(context, {});
    const escape = await send(url, { path: '/v2/models/%zz' });
    assert.equal(escape.status, 400);
    assert.equal(typeof errorOf(escape), 'string');
    assert.equal((await send(url, { path: `/v2/models/${'x'.repeat(300)}` })).status, 404);
    const large = await send(url, { path: '/v2', headers: { 'x-large': 'x'.repeat(20_000) } });
    assert.equal(large.status, 431);
    assert.match(errorOf(large), /headers are larger/);
  });

  it('answers what is not HTTP with 400, and both lengths at once too', async (context) => {
    const { url } = await serveFor(context, {});
    const smuggled = 'POST /v2 HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n';
    for (const bytes of ['hello\r\n\r\n', smuggled]) {
      const answer = await exchangeBytes(url, bytes);
      assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
      assert.match(answer, /\{"error":"The request is not valid HTTP/);
    }
  });

  it('gives a client that sends too slowly 408 and closes its connection', async (context) => {
    const { url } = await serveFor(context, { flags: ['--headers-timeout', '100ms', '--request-timeout', '200ms'] });
    assert.match(await exchangeBytes(url, 'POST /v2/repository/index HTTP/1.1\r\nhost: x\r\n'), /^HTTP\/1\.1 408 /);
  });

  it('takes chunked bodies', async (context) => {
    const { url } = await serveFor(context, { models: [m] });
    const body = String(goodCall.body);
    const chunks = body.replace(/./g, (letter) => `1\r\n${letter}\r\n`);
    const answer = await exchangeBytes(
      url,
      'POST /v2/models/m/infer HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n',
      `${chunks}0\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  });

  it('says that load and unload are off where the folder is polled', async (context) => {
    const { url } = await serveFor(context, { models: [m], flags: ['--model-control-mode', 'poll'] });
    const refused = await send(url, { path: '/v2/repository/models/m/unload', body: '' });
    assert.equal(refused.status, 503);
    assert.match(errorOf(refused), /explicit model load \/ unload is not allowed if polling is enabled/);
  });

  it('counts requests by model, version and status, and gives no label to names that clients made up', async (context) => {
    const { url } = await serveFor(context, { models: [m] });
    await send(url, goodCall);
    await send(url, { ...goodCall, body: '{}' });
    await send(url, { ...goodCall, path: '/v2/models/made-up/infer' });
    const text = (await send(url, { path: '/metrics' })).body.toString();
    assert.match(text, /slipway_requests_total\{model="m",version="1",status="200"\} 1\n/);
    assert.match(text, /slipway_requests_total\{model="m",version="1",status="400"\} 1\n/);
    assert.match(text, /slipway_requests_total\{model="",version="",status="404"\} 1\n/);
    assert.doesNotMatch(text, /made-up/);
    for (const name of [
      'nv_inference_request_success\\{model="m",version="1"\\} 1',
      'nv_inference_exec_count\\{model="m",version="1"\\} 1',
      'slipway_batch_rows_bucket\\{model="m",version="1",le="1"\\} 1',
      'slipway_queue_duration_seconds_count\\{model="m",version="1"\\} 1',
      'slipway_compute_duration_seconds_count\\{model="m",version="1"\\} 1',
      'slipway_worker_restarts_total 0',
      'slipway_thread_budget\\{use="workers",source="test"\\} 2',
      'slipway_ready 1',
      'nodejs_eventloop_lag_p99_seconds',
      'process_resident_memory_bytes',
    ]) {
      assert.match(text, new RegExp(`^${name}`, 'm'));
    }
  });

  it('answers a run that fails with 500, and 400 where values of the request are why: the reason without a path, the first logged once', async (context) => {
    const models = [
      { name: 'values', graph: failsOnLargeIndex },
      { name: 'always', graph: failsAlways, config: { warmup: false } },
    ];
    const { url, lines } = await serveFor(context, { models });
    const ask = (name: string, value: number) =>
      send(url, {
        path: `/v2/models/${name}/infer`,
        body: JSON.stringify({ inputs: [{ name: 'X', datatype: 'INT64', shape: [1, 1], data: [value] }] }),
      });
    const faults = () => lines.filter(({ level }) => level === 'error');
    const refused = await ask('values', 7);
    const failed = await ask('always', 1);
    assert.deepEqual([refused.status, failed.status], [400, 500]);
    assert.match(errorOf(refused), /idx=7/);
    assert.match(errorOf(failed), /Invalid sequence index/);
    for (const answer of [refused, failed]) assert.doesNotMatch(errorOf(answer), /\/\w+\//);
    assert.deepEqual(
      faults().map(({ requestId }) => requestId),
      [failed.headers['x-request-id']],
    );
    assert.equal((await ask('values', 1)).status, 200);
  });

  it('is live and never ready where a GPU is required and there is none', { skip: gpuReason }, async (context) => {
    const { url } = await serveFor(context, { models: [m], flags: ['--require-gpu'] });
    const ready = await send(url, { path: '/v2/health/ready' });
    assert.equal(ready.status, 503);
    assert.match(errorOf(ready), /with a GPU required cannot be served here/);
    assert.equal((await send(url, { path: '/v2/health/live' })).status, 200);
  });

  it('refuses an image with more pixels than the limit before it is decoded', async (context) => {
    const image = { input: 'X', resize: { width: 2, height: 2 }, color: 'gray' };
    const graph = identity('FP32', ['batch', 1, 2, 2]);
    const { url } = await serveFor(context, {
      models: [{ name: 'p', graph, config: { image } }],
      flags: ['--max-pixels', '100'],
    });
    const body = await sharp({ create: { width: 11, height: 10, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const refused = await send(url, { path: '/predictions/p', body });
    assert.equal(refused.status, 413, refused.body.toString());
    assert.match(errorOf(refused), /100/);
  });

  it('has /metrics on a port of its own where the settings give it one', async (context) => {
    const { url } = await serveFor(context, { flags: ['--metrics-port', '0'] });
    assert.equal((await send(url, { path: '/metrics' })).status, 404);
  });
});
