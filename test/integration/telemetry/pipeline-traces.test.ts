import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { send } from '../../support/http.js';
import { serveFor } from '../../support/server.js';
import { drawScene, putColours, putFaces, putPipeline } from '../pipelines/models.js';
import { partsOf, serveTraced, traceOf } from './otlp.js';

/** Another server, whose model says the same of every image; `told` are the traces that its requests belong to. */
async function openOther(context: TestContext) {
  const told: (string | undefined)[] = [];
  const answer = JSON.stringify({ device: 'cpu', model_version: '1', predictions: [] });
  const server = createServer((request, response) => {
    request.resume();
    if (request.method === 'POST') told.push(request.headers['traceparent'] as string | undefined);
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { told, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Puts a pipeline of a detector, a classifier of its boxes, and a model of the other server; asks it. */
async function ask(server: { readonly url: string; readonly folder: string }, otherUrl: string, headers = {}) {
  await putFaces(server.folder);
  await putColours(server.folder);
  const steps = [
    { name: 'faces', model: 'faces' },
    { name: 'colours', model: 'colours', crop: { of: 'faces', labels: ['face'] } },
    { name: 'far', model: 'far', url: otherUrl },
  ];
  await putPipeline(server.folder, 'both', { steps });
  for (const name of ['faces', 'colours', 'both']) {
    const loaded = await send(server.url, { path: `/v2/repository/models/${name}/load`, body: '{}' });
    assert.equal(loaded.status, 200, loaded.body.toString());
  }
  const answer = await send(server.url, { path: '/predictions/both', body: await drawScene(), headers });
  assert.equal(answer.status, 200, answer.body.toString());
  return answer;
}

describe('the trace of a request to a pipeline', () => {
  it('has a span for each step, with its crops, its runs, and its calls to other servers, where it goes on', async (context) => {
    const other = await openOther(context);
    const traced = await serveTraced(context, {});
    const answer = await ask(traced, other.url);
    const [traceId, spanId] = partsOf(answer.headers['traceparent']);
    const { request, children: steps } = await traceOf(traced.receiver, spanId);
    assert.equal(request.traceId, traceId);
    assert.deepEqual(steps.map(({ name }) => name).sort(), ['step colours', 'step faces', 'step far']);
    const within = (parent: string) => traced.receiver.spans.filter((span) => span.parentSpanId === parent);
    const partsIn = (name: string) => {
      const step = steps.find((one) => one.name === name);
      assert.ok(step !== undefined && step.statusCode === 0);
      assert.equal(step.attributes['slipway.step.name'], name.slice(5));
      const parts = within(step.spanId);
      for (const { startNs, endNs } of parts) assert.ok(startNs >= step.startNs && endNs <= step.endNs, name);
      return parts;
    };
    const countsOf = (name: string) => {
      const counts: Record<string, number> = {};
      for (const part of partsIn(name)) counts[part.name] = (counts[part.name] ?? 0) + 1;
      return counts;
    };
    // The detector finds three faces within the image, each a row of its own, which may share runs.
    const { batch: runs, ...colours } = countsOf('step colours');
    assert.deepEqual(colours, { compute: 3, crop: 1, queue: 3 });
    assert.ok(runs !== undefined && runs >= 1 && runs <= 3);
    assert.deepEqual(countsOf('step faces'), { batch: 1, compute: 1, queue: 1 });
    const models = partsIn('step colours').flatMap(({ attributes }) => attributes['slipway.model.name'] ?? []);
    assert.deepEqual([...new Set(models)], ['colours']);
    assert.equal(partsIn('step colours').find(({ name }) => name === 'crop')?.attributes['slipway.crop.boxes'], 3);
    const [call, ...more] = partsIn('step far');
    assert.ok(call !== undefined && more.length === 0);
    assert.deepEqual([call.name, call.kind, call.attributes['url.full']], ['POST', 3, `${other.url}/predictions/far`]);
    assert.deepEqual(other.told, [`00-${traceId}-${call.spanId}-01`]);
  });

  it('holds the steps of a pipeline within a step, and marks what has failed', async (context) => {
    const traced = await serveTraced(context, {});
    await putColours(traced.folder);
    const whole = { name: 'whole', model: 'colours' };
    await putPipeline(traced.folder, 'inner', {
      steps: [whole, { name: 'cut', model: 'colours', crop: { of: 'whole' } }],
    });
    await putPipeline(traced.folder, 'outer', { steps: [{ name: 'nested', model: 'inner' }] });
    for (const name of ['colours', 'inner', 'outer']) {
      await send(traced.url, { path: `/v2/repository/models/${name}/load`, body: '{}' });
    }
    const answer = await send(traced.url, { path: '/predictions/outer', body: await drawScene() });
    assert.equal(answer.status, 502, answer.body.toString());
    const { children } = await traceOf(traced.receiver, partsOf(answer.headers['traceparent'])[1]);
    const [nested, ...others] = children;
    assert.ok(nested !== undefined && others.length === 0);
    assert.deepEqual([nested.name, nested.statusCode], ['step nested', 2]);
    const steps = traced.receiver.spans.filter(({ parentSpanId }) => parentSpanId === nested.spanId);
    const states = steps.map(({ name, statusCode }) => [name, statusCode] as const);
    assert.deepEqual(
      states.toSorted(([a], [b]) => (a < b ? -1 : 1)),
      [
        ['step cut', 2],
        ['step whole', 0],
      ],
    );
  });

  it('is the client’s own where this server sends none, and none where the client names none', async (context) => {
    const other = await openOther(context);
    const server = await serveFor(context, {});
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
    await ask(server, other.url, { traceparent });
    await ask(server, other.url);
    await ask(server, other.url, { traceparent: 'nonsense' });
    assert.deepEqual(other.told, [traceparent, undefined, undefined]);
  });
});
