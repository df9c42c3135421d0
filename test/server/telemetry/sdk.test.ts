import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog } from '../../../src/server/log/log.js';
import { readTelemetryPlan } from '../../../src/server/telemetry/plan.js';
import { startSdk } from '../../../src/server/telemetry/sdk.js';

describe('the SDK', () => {
  it('has it told in the log where metrics cannot be read', async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_TIMEOUT: '50',
      OTEL_TRACES_EXPORTER: 'none',
    };
    Object.assign(process.env, env);
    const lines: string[] = [];
    const log = createLog(
      { level: 'info', format: 'json', access: false },
      { isTerminal: false, write: (line) => lines.push(line) },
    );
    const telemetry = await startSdk(readTelemetryPlan(env), {
      env,
      serviceName: 's',
      version: '1',
      processTag: 't',
      log,
      clock: () => 1_700_000_000_000,
      readMetrics: () => Promise.reject(new Error('the registry is gone')),
    });
    await telemetry.stop(3000);
    assert.match(lines.join(''), /"reason":"[^"]*metrics collection errors the registry is gone"/);
  });
});
