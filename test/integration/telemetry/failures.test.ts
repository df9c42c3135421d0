import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { send, type Call } from '../../support/http.js';
import { failsAlways, failsOnLargeIndex, sumAndDifference } from '../../support/models.js';
import { goodCall, post } from '../http/cases/case.js';
import { partsOf, serveTraced, traceOf } from './otlp.js';

const m = { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } };
const table = { name: 'table', graph: failsOnLargeIndex };
const broken = { name: 'broken', graph: failsAlways };

const indexed = (model: string, value: number): Call =>
  post({ inputs: [{ name: 'X', datatype: 'INT64', shape: [1, 1], data: [value] }] }, `/v2/models/${model}/infer`);

describe('traces of what fails', () => {
  it('show what failed: faults of the run as errors, faults of the request by their status', async (context) => {
    const { url, receiver, lines } = await serveTraced(context, {
      models: [m, table, broken],
      flags: ['--log-level', 'debug'],
    });
    const failed = await send(url, indexed('broken', 1));
    assert.equal(failed.status, 500);
    const [traceId, spanId] = partsOf(failed.headers['traceparent']);
    const { request, children, names } = await traceOf(receiver, spanId);
    assert.equal(request.statusCode, 2);
    assert.equal(request.attributes['error.type'], 'ENGINE_FAILED');
    assert.deepEqual(names, ['batch', 'compute', 'queue']);
    assert.ok(children.every(({ name, statusCode }) => statusCode === (name === 'queue' ? 0 : 2)));
    const line = lines.find(({ message }) => message === 'request failed');
    assert.deepEqual([line?.['trace_id'], line?.['span_id']], [traceId, spanId]);
    const refusals: readonly (readonly [call: Call, status: number, code: string, name: string])[] = [
      [{ ...goodCall, body: '{' }, 400, 'INVALID_INPUT', 'POST /v2/models/:model/infer'],
      [{ ...goodCall, path: '/v2/models/none/infer' }, 404, 'MODEL_NOT_FOUND', 'POST /v2/models/:model/infer'],
      [{ path: '/nowhere/at/all' }, 404, 'NOT_FOUND', 'GET'],
      [{ path: '/v2/models/%zz' }, 400, 'INVALID_INPUT', 'GET'],
      [{ method: 'DELETE', path: '/v2/models/m/infer' }, 405, 'METHOD_NOT_ALLOWED', 'DELETE /v2/models/:model/infer'],
    ];
    for (const [call, status, code, name] of refusals) {
      const answer = await send(url, call);
      assert.equal(answer.status, status);
      const refused = await traceOf(receiver, partsOf(answer.headers['traceparent'])[1]);
      assert.equal(refused.request.name, name);
      assert.deepEqual([refused.request.statusCode, refused.request.attributes['error.type']], [0, undefined]);
      assert.equal(refused.request.attributes['slipway.error.code'], code);
      assert.equal(refused.request.attributes['http.response.status_code'], status);
      assert.deepEqual(refused.names, []);
    }
    const outside = await send(url, indexed('table', 7));
    assert.equal(outside.status, 400);
    const ran = await traceOf(receiver, partsOf(outside.headers['traceparent'])[1]);
    assert.deepEqual([ran.request.statusCode, ran.names], [0, ['batch', 'compute', 'queue']]);
  });

  it('show requests that are refused for want of room, and those that come too often', async (context) => {
    const busy = { ...m, config: { batching: { maxQueueMs: 1 } } };
    const options = { models: [busy], keys: ['k'], flags: ['--key-rate', '1'] };
    const { server, url, receiver } = await serveTraced(context, options);
    const { admission, instances } = server.dataplane.model('m', undefined);
    const tickets = Array.from({ length: 2 * instances }, () => admission.enter(10));
    const codes = [];
    // One right after the other: a second later the key may be shown again.
    const answers = [];
    for (const key of ['k', 'k', 'wrong'])
      answers.push(await send(url, { ...goodCall, headers: { 'x-api-key': key } }));
    for (const answer of answers) {
      const { request } = await traceOf(receiver, partsOf(answer.headers['traceparent'])[1]);
      codes.push([request.attributes['http.response.status_code'], request.attributes['slipway.error.code']]);
    }
    for (const ticket of tickets) admission.leave(ticket, true);
    assert.deepEqual(codes, [
      [429, 'QUEUE_FULL'],
      [429, 'RATE_LIMITED'],
      [401, 'UNAUTHORIZED'],
    ]);
  });
});
