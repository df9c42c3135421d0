import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTelemetryPlan } from '../../../src/server/telemetry/plan.js';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const times = { intervalMs: 60_000, timeoutMs: 30_000 };
const protocol = 'http/protobuf';

describe('the plan of telemetry', () => {
  it('sends nothing, and says nothing, where no endpoint is set', () => {
    for (const env of [
      {},
      { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
      { OTEL_SERVICE_NAME: 'x' },
      { OTEL_SDK_DISABLED: 'true', ...endpoint },
    ]) {
      const { traces, metrics, notes } = readTelemetryPlan(env);
      assert.deepEqual([traces, metrics, notes], [undefined, undefined, []]);
    }
  });

  it('sends traces and metrics to paths below the endpoint, and each to its own where that is set', () => {
    const { traces, metrics, readsParents, notes } = readTelemetryPlan({ ...endpoint, OTEL_SDK_DISABLED: 'yes' });
    assert.deepEqual(traces, { protocol, endpoint: 'http://collector:4318/v1/traces' });
    assert.deepEqual(metrics, { protocol, endpoint: 'http://collector:4318/v1/metrics', ...times });
    assert.deepEqual([readsParents, notes], [true, []]);
    const own = readTelemetryPlan({
      ...endpoint,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://user:pw@h:1/base/',
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://m:2/exactly',
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json',
    });
    assert.equal(own.traces?.endpoint, 'https://h:1/base/v1/traces');
    assert.deepEqual(own.metrics, { protocol: 'http/json', endpoint: 'http://m:2/exactly', ...times });
    const alone = readTelemetryPlan({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t:3' });
    assert.deepEqual([alone.traces?.endpoint, alone.metrics], ['http://t:3/', undefined]);
  });

  it('takes a host and a port for gRPC, with or without a scheme', () => {
    for (const text of ['collector:4317', 'http://collector:4317', 'https://collector:4317/']) {
      const { traces } = readTelemetryPlan({ OTEL_EXPORTER_OTLP_ENDPOINT: text, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
      assert.deepEqual(traces, { protocol: 'grpc', endpoint: 'collector:4317' }, text);
    }
  });

  const said: readonly (readonly [what: string, env: Readonly<Record<string, string>>, note: RegExp, sends: string])[] =
    [
      [
        'an endpoint that is no URL',
        { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
        /^OTEL_EXPORTER_OTLP_ENDPOINT is not a URL/,
        '',
      ],
      [
        'an unknown protocol',
        { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'thrift' },
        /=thrift is not supported/,
        'traces metrics',
      ],
      [
        'an unknown exporter',
        { ...endpoint, OTEL_TRACES_EXPORTER: 'zipkin' },
        /OTEL_TRACES_EXPORTER=zipkin/,
        'metrics',
      ],
      [
        'one exporter of two',
        { ...endpoint, OTEL_TRACES_EXPORTER: 'console, otlp' },
        /=console is not/,
        'traces metrics',
      ],
      ['an exporter without an endpoint', { OTEL_METRICS_EXPORTER: 'otlp' }, /set OTEL_EXPORTER_OTLP_ENDPOINT/, ''],
      ['logs', { ...endpoint, OTEL_LOGS_EXPORTER: 'otlp' }, /logs are not exported/, 'traces metrics'],
      [
        'another propagator',
        { ...endpoint, OTEL_PROPAGATORS: 'b3,tracecontext' },
        /OTEL_PROPAGATORS=b3 /,
        'traces metrics',
      ],
      [
        'an interval of no milliseconds',
        { ...endpoint, OTEL_METRIC_EXPORT_INTERVAL: '1m' },
        /60000 is used/,
        'traces metrics',
      ],
    ];
  for (const [what, env, note, sends] of said) {
    it(`says so of ${what}, and sends what can be sent`, () => {
      const { traces, metrics, notes } = readTelemetryPlan(env);
      assert.ok(notes.length > 0 && notes.every((text) => note.test(text)), notes.join());
      assert.equal(new Set(notes).size, notes.length);
      assert.equal([traces && 'traces', metrics && 'metrics'].filter((name) => name !== undefined).join(' '), sends);
    });
  }

  it('sends one signal where the other is set to none, and limits an export to the interval', () => {
    const plan = readTelemetryPlan({
      ...endpoint,
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_PROPAGATORS: 'baggage',
    });
    assert.deepEqual([plan.traces, plan.readsParents, plan.notes], [undefined, false, []]);
    assert.deepEqual([plan.metrics?.intervalMs, plan.metrics?.timeoutMs], [500, 500]);
  });
});
