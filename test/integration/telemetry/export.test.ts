import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { serve } from '../../../src/server/in-process.js';
import { openGrpc, rawPair } from '../../support/grpc.js';
import { send } from '../../support/http.js';
import { sumAndDifference } from '../../support/models.js';
import { partsOf, receiveGrpc, receiveHttp, setVariables, traceOf, type ReceivedPoint } from './otlp.js';
import { openTestServer, serveFor } from '../../support/server.js';
import { goodCall } from '../http/cases/case.js';

const models = [{ name: 'm', graph: sumAndDifference, config: { batching: { maxRows: 8 } } }];
const { cache } = createRequire(import.meta.url);
/** What is loaded of the SDK; prom-client has loaded the API, which is not of it. */
const loaded = (): readonly string[] => Object.keys(cache).filter((path) => /@opentelemetry\/(?!api\/)/.test(path));

describe('telemetry', () => {
  it('is not loaded, and names no trace, where no endpoint is set', async (context) => {
    setVariables(context, { OTEL_SERVICE_NAME: 'mine', OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_TRACES_EXPORTER: 'otlp' });
    const { url, lines } = await serveFor(context, { models, flags: ['--access-log'] });
    const given = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    assert.equal((await send(url, goodCall)).headers['traceparent'], undefined);
    const answer = await send(url, { ...goodCall, headers: { traceparent: given } });
    assert.equal(answer.headers['traceparent'], given);
    for (const traceparent of [
      given.replace('1', 'g'),
      `ff${given.slice(2)}`,
      `00-${'0'.repeat(32)}${given.slice(35)}`,
    ]) {
      assert.equal((await send(url, { ...goodCall, headers: { traceparent } })).headers['traceparent'], undefined);
    }
    assert.deepEqual(loaded(), []);
    assert.match(JSON.stringify(lines), /OTEL_TRACES_EXPORTER=otlp without an endpoint sends nothing/);
    assert.ok(lines.every((line) => line['trace_id'] === undefined));
  });

  it('is not loaded where OTEL_SDK_DISABLED says so', async (context) => {
    setVariables(context, { OTEL_SDK_DISABLED: 'TRUE', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    const { url } = await serveFor(context, { models });
    assert.equal((await send(url, goodCall)).status, 200);
    assert.deepEqual(loaded(), []);
  });

  it('is not sent by a server inside a program, whose environment is not read', async (context) => {
    setVariables(context, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    const cacheDir = await mkdtemp(join(tmpdir(), 'slipway-export-'));
    const server = await serve({ models: 'models/digits', port: 0, executionProvider: 'cpu', cacheDir });
    context.after(async () => {
      await server.stop();
      await rm(cacheDir, { recursive: true, force: true });
    });
    const { status, headers } = await send(server.url, { path: '/v2' });
    assert.deepEqual([status, headers['traceparent'], loaded()], [200, undefined, []]);
  });

  for (const protocol of ['http/protobuf', 'http/json', 'grpc'] as const) {
    it(`sends traces and metrics as ${protocol}, the last of them as it ends`, async (context) => {
      const receiver = await (protocol === 'grpc' ? receiveGrpc(context) : receiveHttp(context));
      setVariables(context, {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.address,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20secret',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      });
      const grpc = await openGrpc({ models });
      const { server } = grpc;
      for (let n = 0; n < 3; n += 1) assert.equal((await send(server.url, goodCall)).status, 200);
      const answer = await send(server.url, goodCall);
      const { trailers } = await grpc.infer(rawPair(2));
      const exposed = String((await send(server.url, { path: '/metrics' })).body);
      await grpc.close();
      for (const traceparent of [answer.headers['traceparent'], trailers['traceparent']]) {
        const { names } = await traceOf(receiver, partsOf(traceparent)[1]);
        assert.deepEqual(names, ['batch', 'compute', 'decode', 'encode', 'queue']);
      }
      const named = (name: string) => receiver.points.filter((point) => point.name === name);
      const expected = { model: 'm', version: '1', status: '200' };
      const requests = named('slipway_requests_total');
      assert.deepEqual(
        requests
          .filter(({ attributes }) => attributes['model'] === 'm')
          .map(({ attributes, value }) => [attributes, value]),
        [
          [expected, 4],
          [{ ...expected, transport: 'grpc' }, 1],
        ],
      );
      assert.ok(requests.every(({ kind, isMonotonic }) => kind === 'sum' && isMonotonic));
      const rows = named('slipway_batch_rows')[0] as ReceivedPoint;
      assert.deepEqual([rows.kind, rows.count, rows.sum], ['histogram', 5, 6]);
      assert.deepEqual(rows.explicitBounds.slice(0, 3), [1, 2, 4]);
      assert.deepEqual(rows.bucketCounts.slice(0, 3), [4, 1, 0]);
      assert.equal(rows.bucketCounts.length, rows.explicitBounds.length + 1);
      assert.deepEqual(
        [named('slipway_ready')[0]?.kind, named('slipway_queue_duration_seconds')[0]?.unit],
        ['gauge', 's'],
      );
      const [http] = named('http.server.request.duration').filter(
        ({ attributes }) => attributes['http.route'] !== undefined,
      );
      assert.deepEqual([http?.count, http?.unit, http?.attributes['http.response.status_code']], [4, 's', 200]);
      assert.notDeepEqual(loaded(), []);
      assert.equal(named('rpc.server.call.duration')[0]?.count, 1);
      const names = new Set([...exposed.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
      names.delete('nodejs_active_requests'); // has a value only while a file is read, as at the first scrape, which loads its library
      const sent = new Set(receiver.points.map(({ name }) => name));
      const empty = [...names].filter(
        (name) => name !== undefined && !sent.has(name) && exposed.includes(`\n${name}{`),
      );
      assert.deepEqual(empty, [], 'every metric with values is sent');
      if (protocol !== 'grpc')
        assert.ok(receiver.headers.every(({ authorization }) => authorization === 'Bearer secret'));
    });
  }

  it('is told once where it does not arrive, and once when it does again; requests are answered meanwhile', async (context) => {
    let isBroken = true;
    let refused = 0;
    const receiver = await receiveHttp(context, (response) => {
      if (!isBroken) return false;
      refused += 1;
      response.writeHead(500).end('no room');
      return true;
    });
    setVariables(context, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.address, OTEL_METRICS_EXPORTER: 'none' });
    const { url, lines } = await serveFor(context, { models });
    for (let n = 1; n <= 3; n += 1) {
      assert.equal((await send(url, goodCall)).status, 200);
      await receiver.until(({ headers }) => headers.length >= n);
    }
    isBroken = false;
    // Exports follow each other: when the second arrives, the first has been answered.
    for (let n = 0; n < 2; n += 1) {
      await traceOf(receiver, partsOf((await send(url, goodCall)).headers['traceparent'])[1]);
    }
    const told = lines.filter(({ message }) => /telemetry export (?:fails|works again)/.test(String(message)));
    const [failure, recovery] = told as readonly Readonly<Record<string, unknown>>[];
    assert.deepEqual(
      told.map(({ level, signal }) => [level, signal]),
      [
        ['warn', 'traces'],
        ['info', 'traces'],
      ],
    );
    assert.ok(refused >= 3);
    assert.equal(recovery?.['failures'], refused);
    assert.ok(Number(recovery['lost']) >= refused);
    assert.equal(failure?.['endpoint'], `${receiver.address}/v1/traces`);
    assert.match(String(failure['reason']), /500/);
    assert.ok(!lines.some(({ message }) => message === 'OpenTelemetry'));
  });

  it('delays neither requests nor the end beyond a limit where its receiver never answers', async (context) => {
    const receiver = await receiveHttp(context, () => true);
    setVariables(context, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.address, OTEL_EXPORTER_OTLP_TIMEOUT: '5000' });
    const served = await openTestServer({ models, flags: ['--stop-timeout', '400ms'] });
    for (let n = 0; n < 20; n += 1) assert.equal((await send(served.url, goodCall)).status, 200);
    await served.stop();
    const last = served.lines.find(({ message }) => /could not be sent before the end/.test(String(message)));
    assert.ok(Number(last?.['limitMs']) <= 200);
  });

  it('brings into the log what the SDK says of its variables', async (context) => {
    const receiver = await receiveHttp(context);
    setVariables(context, {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.address,
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_LOGS_EXPORTER: 'otlp',
    });
    const { lines } = await serveFor(context, { models });
    const warned = lines.filter(({ level }) => level === 'warn').map(({ reason }) => String(reason));
    assert.ok(warned.some((text) => text.includes('OTEL_TRACES_SAMPLER value "sometimes" invalid')));
    assert.ok(warned.some((text) => text.startsWith('OTEL_LOGS_EXPORTER=otlp: logs are not exported')));
  });

  it('is told where nothing listens, with the reason', async (context) => {
    setVariables(context, {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:secret@127.0.0.1:9',
      OTEL_EXPORTER_OTLP_TIMEOUT: '100',
    });
    const served = await openTestServer({ models });
    assert.equal((await send(served.url, goodCall)).status, 200);
    await served.stop();
    const told = served.lines.filter(({ message }) => /telemetry export fails/.test(String(message)));
    assert.deepEqual(told.map(({ signal }) => signal).sort(), ['metrics', 'traces']);
    assert.ok(told.every(({ reason }) => /ECONNREFUSED/.test(String(reason))));
    assert.doesNotMatch(JSON.stringify(served.lines), /secret/);
  });
});
