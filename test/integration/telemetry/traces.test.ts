import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { send, withBinary, type Call } from '../../support/http.js';
import { identity, sumAndDifference } from '../../support/models.js';
import { partsOf, serveTraced, traceOf, type ReceivedSpan } from './otlp.js';
import { serveFor } from '../../support/server.js';
import { binary, goodCall, int32, post } from '../http/cases/case.js';

const m = { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } };
const eyes = {
  name: 'eyes',
  graph: identity('FP32', ['batch', 3, 4, 4]),
  config: { batching: { maxRows: 2 }, image: { resize: { width: 4, height: 4 } } },
};
const image = await sharp({ create: { width: 9, height: 7, channels: 3, background: 'teal' } })
  .jpeg()
  .toBuffer();
const parts = ['batch', 'compute', 'decode', 'encode', 'queue'];
const ids = (span: number) => `00-${'ab'.repeat(16)}-${span.toString(16).padStart(16, '0')}`;

describe('traces over HTTP', () => {
  it('are named in the line of audit of a load, done or refused', async (context) => {
    const { url, lines } = await serveTraced(context, { models: [m], flags: ['--management'] });
    for (const model of ['m', 'none']) {
      const answer = await send(url, { path: `/v2/repository/models/${model}/load`, body: '' });
      const [traceId, spanId] = partsOf(answer.headers['traceparent']);
      const line = lines.findLast(({ message }) => message === 'audit');
      assert.deepEqual(
        [line?.['model'], line?.['trace_id'], line?.['span_id'], line?.['requestId']],
        [model, traceId, spanId, answer.headers['x-request-id']],
      );
    }
  });

  const calls: Readonly<Record<string, { readonly call: Call; readonly model: string; readonly route: string }>> = {
    JSON: { call: goodCall, model: 'm', route: '/v2/models/:model/infer' },
    'binary tensors': {
      call: {
        path: '/v2/models/m/versions/1/infer',
        ...withBinary(
          { inputs: [binary('A'), binary('B')] },
          int32(Array.from({ length: 16 }, (_, n) => n - 8)),
          int32(Array.from({ length: 16 }, (_, n) => 1_000_000 * n)),
        ),
      },
      model: 'm',
      route: '/v2/models/:model/versions/:version/infer',
    },
    'version 1 of the protocols': {
      call: post(
        { inputs: { A: [Array.from({ length: 16 }, () => 1)], B: [Array.from({ length: 16 }, () => -1)] } },
        '/v1/models/m:predict',
      ),
      model: 'm',
      route: '/v1/models/:model',
    },
    'an image': { call: { path: '/predictions/eyes', body: image }, model: 'eyes', route: '/predictions/:model' },
  };
  for (const [what, { call, model, route }] of Object.entries(calls)) {
    it(`show of ${what} the request with decode, queue, batch, compute and encode within it`, async (context) => {
      const { url, receiver, lines } = await serveTraced(context, { models: [m, eyes], flags: ['--access-log'] });
      const answer = await send(url, { ...call, headers: { ...call.headers, 'x-request-id': 'mine' } });
      assert.equal(answer.status, 200, String(answer.body));
      const [traceId, spanId, flags] = partsOf(answer.headers['traceparent']);
      const { request, children, names } = await traceOf(receiver, spanId);
      assert.deepEqual(names, parts);
      assert.deepEqual([request.name, request.kind, request.parentSpanId, flags], [`POST ${route}`, 2, '', '01']);
      assert.deepEqual(request.attributes, {
        'http.request.method': 'POST',
        'http.route': route,
        'url.scheme': 'http',
        'url.path': call.path,
        'http.response.status_code': 200,
        'slipway.request.id': 'mine',
        'slipway.model.name': model,
        'slipway.model.version': '1',
        'slipway.batch.rows': 1,
      });
      for (const child of children) {
        assert.equal(child.traceId, traceId);
        assert.ok(child.startNs >= request.startNs && child.startNs <= child.endNs, child.name);
        assert.ok(child.endNs <= request.endNs, child.name);
      }
      const [decode, queue, compute, encode] = ['decode', 'queue', 'compute', 'encode'].map((name) =>
        children.find((child) => child.name === name),
      );
      assert.equal(decode?.endNs, queue?.startNs);
      assert.ok((queue?.endNs ?? 0n) <= (compute?.startNs ?? 0n));
      assert.equal(compute?.endNs, encode?.startNs);
      assert.deepEqual(compute?.attributes, { 'slipway.device': 'cpu' });
      const line = lines.find(({ message }) => message === 'request');
      assert.deepEqual([line?.['trace_id'], line?.['span_id'], line?.['trace_flags']], [traceId, spanId, '01']);
    });
  }

  it("continue the client's trace, and keep its decision not to sample", async (context) => {
    const { url, receiver } = await serveTraced(context, { models: [m] });
    const unsampled = await send(url, { ...goodCall, headers: { traceparent: `${ids(7)}-00` } });
    const [sameTrace, own, flags] = partsOf(unsampled.headers['traceparent']);
    assert.deepEqual([sameTrace, flags], ['ab'.repeat(16), '00']);
    assert.notEqual(own, partsOf(ids(7))[1]);
    const sampled = await send(url, { ...goodCall, headers: { traceparent: `${ids(8)}-01`, tracestate: 'v=1,w=2' } });
    const { request } = await traceOf(receiver, partsOf(sampled.headers['traceparent'])[1]);
    assert.equal(request.traceId, 'ab'.repeat(16));
    assert.equal(request.parentSpanId, partsOf(ids(8))[1]);
    assert.ok(receiver.spans.every(({ spanId, parentSpanId }) => spanId !== own && parentSpanId !== own));
  });

  it('begin anew where traceparent is malformed, and take what comes beside it, however long', async (context) => {
    const { url, receiver } = await serveTraced(context, { models: [m], flags: ['--max-header-bytes', '64K'] });
    const valid = `${ids(9)}-01`;
    const malformed = [
      'x',
      valid.toUpperCase(),
      `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
      `00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`,
      `ff${valid.slice(2)}`,
      `${valid}-more`,
      `${valid}, ${valid}`,
      valid.slice(0, -1),
      `00-${'a'.repeat(20_000)}`,
      '-'.repeat(20_000),
    ];
    for (const traceparent of malformed) {
      const answer = await send(url, { ...goodCall, headers: { traceparent, tracestate: 'a=b' } });
      assert.equal(answer.status, 200, traceparent.slice(0, 80));
      const [traceId, spanId] = partsOf(answer.headers['traceparent']);
      assert.match(traceId, /^[0-9a-f]{32}$/);
      assert.notEqual(traceId, 'ab'.repeat(16), traceparent.slice(0, 80));
      const { request } = await traceOf(receiver, spanId);
      assert.equal(request.parentSpanId, '');
    }
    for (const tracestate of ['=,,=', 'k='.repeat(5000), `a=${'v'.repeat(20_000)}`, 'a=1,'.repeat(4000)]) {
      const headers = { traceparent: valid, tracestate, baggage: tracestate };
      const answer = await send(url, { ...goodCall, headers });
      assert.equal(answer.status, 200);
      const { request } = await traceOf(receiver, partsOf(answer.headers['traceparent'])[1]);
      assert.equal(request.parentSpanId, partsOf(valid)[1]);
    }
    const later = await send(url, {
      ...goodCall,
      headers: { traceparent: `cc${valid.slice(2)}-what.later.versions.add` },
    });
    assert.equal(
      partsOf(later.headers['traceparent'])[0],
      'ab'.repeat(16),
      'a later version counts as far as it is known',
    );
  });

  it('link a batch to each sampled request that it served, and each of these back to it', async (context) => {
    const gathers = { ...m, config: { batching: { maxRows: 4, maxDelayMs: 20_000 } } };
    const { url, receiver } = await serveTraced(context, { models: [gathers], flags: ['--inline-runs=no'] });
    const flags = ['01', '01', '00', '01'];
    const answers = await Promise.all(
      flags.map((flag, n) => send(url, { ...goodCall, headers: { traceparent: `${ids(n + 1)}-${flag}` } })),
    );
    const own = answers.map(({ headers }) => partsOf(headers['traceparent'])[1]);
    const sampled = own.filter((_, n) => flags[n] === '01');
    const traces = await Promise.all(sampled.map((spanId) => traceOf(receiver, spanId)));
    const batches = receiver.spans.filter(({ name }) => name === 'batch');
    assert.equal(batches.length, 1);
    const batch = batches[0] as ReceivedSpan;
    assert.deepEqual([...batch.links].sort(), [...sampled].sort());
    assert.equal(batch.parentSpanId, batch.links[0]);
    assert.equal(batch.attributes['slipway.batch.rows'], 4);
    assert.equal(batch.attributes['slipway.batch.requests'], 4);
    for (const { children, request } of traces) {
      assert.equal(request.attributes['slipway.batch.rows'], 4);
      const compute = children.find(({ name }) => name === 'compute');
      assert.deepEqual(compute?.links, [batch.spanId]);
    }
  });

  it('are made neither of probes nor of scrapes nor of pages and streams', async (context) => {
    const { url, receiver } = await serveTraced(context, { models: [m] });
    for (const path of ['/v2/health/live', '/metrics', '/', '/docs', '/stream', '/streams']) {
      const { headers, status } = await send(url, { path });
      assert.deepEqual([status, headers['traceparent']], [200, undefined], path);
    }
    const answer = await send(url, goodCall);
    await traceOf(receiver, partsOf(answer.headers['traceparent'])[1]);
    assert.equal(receiver.spans.filter(({ kind }) => kind === 2).length, 1);
  });

  it('are sampled as the standard variables say, and leave out parents where no propagator reads them', async (context) => {
    const { url, receiver } = await serveTraced(
      context,
      { models: [m] },
      {
        OTEL_TRACES_SAMPLER: 'parentbased_always_off',
        OTEL_SERVICE_NAME: 'mine',
        OTEL_RESOURCE_ATTRIBUTES: 'team=a%20b',
      },
    );
    assert.equal(partsOf((await send(url, goodCall)).headers['traceparent'])[2], '00');
    const sampled = await send(url, { ...goodCall, headers: { traceparent: `${ids(3)}-01` } });
    const { request } = await traceOf(receiver, partsOf(sampled.headers['traceparent'])[1]);
    assert.equal(receiver.spans.filter(({ kind }) => kind === 2).length, 1);
    assert.equal(request.resource['service.name'], 'mine');
    assert.equal(request.resource['team'], 'a b');
    assert.equal(request.resource['service.version'], '0');

    process.env['OTEL_PROPAGATORS'] = 'none';
    context.after(() => Reflect.deleteProperty(process.env, 'OTEL_PROPAGATORS'));
    const alone = await serveFor(context, { models: [m] });
    const answer = await send(alone.url, { ...goodCall, headers: { traceparent: `${ids(4)}-01` } });
    assert.notEqual(partsOf(answer.headers['traceparent'])[0], 'ab'.repeat(16));
  });
});
