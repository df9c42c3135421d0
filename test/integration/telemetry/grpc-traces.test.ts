import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { status } from '@grpc/grpc-js';
import { callOf, createClient, failureOf, openGrpc, openStream, rawPair, type GrpcServer } from '../../support/grpc.js';
import { sumAndDifference } from '../../support/models.js';
import { partsOf, receiveHttp, setVariables, traceOf, type OtlpReceiver } from './otlp.js';
import type { TestServerOptions } from '../../support/server.js';

const m = { name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } };
const parent = `00-${'cd'.repeat(16)}-${'12'.repeat(8)}-01`;

async function open(
  context: TestContext,
  options: TestServerOptions = {},
): Promise<GrpcServer & { readonly receiver: OtlpReceiver }> {
  const receiver = await receiveHttp(context);
  setVariables(context, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.address, OTEL_METRICS_EXPORTER: 'none' });
  const grpc = await openGrpc({ models: [m], ...options });
  context.after(() => grpc.close());
  return { ...grpc, receiver };
}

describe('traces over gRPC', () => {
  it('show a request with its parts, in the trace of its metadata, and name its span in the trailers', async (context) => {
    const { receiver, server, ...grpc } = await open(context, { flags: ['--access-log'] });
    const headers = { traceparent: parent, tracestate: 'k=v', 'x-request-id': 'mine' };
    const { trailers } = await grpc.infer(rawPair(3), { headers });
    const [traceId, spanId] = partsOf(trailers['traceparent']);
    const { request, names } = await traceOf(receiver, spanId);
    assert.deepEqual(names, ['batch', 'compute', 'decode', 'encode', 'queue']);
    assert.deepEqual([traceId, request.parentSpanId], ['cd'.repeat(16), '12'.repeat(8)]);
    assert.deepEqual([request.name, request.kind], ['inference.GRPCInferenceService/ModelInfer', 2]);
    assert.deepEqual(request.attributes, {
      'rpc.system.name': 'grpc',
      'rpc.method': 'inference.GRPCInferenceService/ModelInfer',
      'rpc.response.status_code': 'OK',
      'slipway.request.id': 'mine',
      'slipway.model.name': 'm',
      'slipway.model.version': '1',
      'slipway.batch.rows': 3,
    });
    const line = server.lines.find(({ message }) => message === 'request');
    assert.deepEqual([line?.['trace_id'], line?.['span_id']], [traceId, spanId]);
  });

  it('show each message of a stream, also one that fails', async (context) => {
    const { client, receiver } = await open(context);
    const stream = openStream(client, { traceparent: parent });
    const messages: Record<string, unknown>[] = [];
    stream.on('data', (message: Record<string, unknown>) => messages.push(message));
    for (const message of [rawPair(1), { ...rawPair(1), model_name: 'none' }, rawPair(2)]) stream.write(message);
    stream.end();
    await once(stream, 'end');
    assert.equal(messages.length, 3);
    await receiver.until(({ spans }) => spans.filter(({ kind }) => kind === 2).length === 3);
    const requests = receiver.spans.filter(({ kind }) => kind === 2);
    assert.ok(requests.every(({ parentSpanId }) => parentSpanId === '12'.repeat(8)));
    assert.deepEqual(requests.map(({ attributes }) => attributes['rpc.response.status_code']).sort(), [
      'NOT_FOUND',
      'OK',
      'OK',
    ]);
    const rows = requests.map(({ attributes }) => Number(attributes['slipway.batch.rows'] ?? 0));
    assert.ok(Math.max(...rows) >= 2);
  });

  it('show what is refused before a message is read, and faults as errors; not health', async (context) => {
    const { client, receiver, server } = await open(context, { keys: ['k'] });
    const refused = await failureOf(
      callOf(client, ['ModelInfer', rawPair(1)], { headers: { traceparent: 'nonsense' } }),
    );
    assert.equal(refused.code, status.UNAUTHENTICATED);
    await callOf(client, ['ServerReady', {}]);
    const health = createClient(server.server.grpcAddress ?? '', 'grpc.health.v1.Health');
    context.after(() => health.close());
    await callOf(health, ['Check', {}]);
    const absent = await failureOf(callOf(client, ['TraceSetting', {}], { headers: { 'x-api-key': 'k' } }));
    assert.equal(absent.code, status.UNIMPLEMENTED);
    await receiver.until(({ spans }) => spans.length >= 2);
    assert.deepEqual(
      receiver.spans.map(({ name, statusCode, attributes }) => [
        name.split('/')[1],
        attributes['rpc.response.status_code'],
        statusCode,
        attributes['error.type'],
      ]),
      [
        ['ModelInfer', 'UNAUTHENTICATED', 0, undefined],
        ['TraceSetting', 'UNIMPLEMENTED', 2, 'METHOD_NOT_ALLOWED'],
      ],
    );
  });
});
