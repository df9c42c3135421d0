import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DataPointType } from '@opentelemetry/sdk-metrics';
import { Histogram, Registry } from 'prom-client';
import { toMetricData, type RegistryMetric } from '../../../src/server/telemetry/metric-data.js';

const period = { startTime: [1, 0], endTime: [2, 5] } as const;
const convert = (metric: RegistryMetric) => toMetricData(metric, { startTime: [1, 0], endTime: [2, 5] });

describe('a metric for OpenTelemetry', () => {
  it('counts each bucket of a histogram alone, for each set of labels', async () => {
    const registry = new Registry();
    const histogram = new Histogram({
      name: 'wait_seconds',
      help: 'A wait.',
      buckets: [0.5, 1, 10],
      labelNames: ['model'],
      registers: [registry],
    });
    for (const value of [0.1, 0.5, 0.7, 3, 1e6]) histogram.observe({ model: 'a' }, value);
    histogram.observe({ model: 'b' }, 11);
    const [metric] = (await registry.getMetricsAsJSON()) as readonly RegistryMetric[];
    assert.ok(metric !== undefined);
    const { dataPoints, descriptor } = convert(metric);
    assert.deepEqual([descriptor.name, descriptor.unit, descriptor.description], ['wait_seconds', 's', 'A wait.']);
    assert.deepEqual(dataPoints, [
      {
        ...period,
        attributes: { model: 'a' },
        value: { buckets: { boundaries: [0.5, 1, 10], counts: [2, 1, 1, 1] }, sum: 1_000_004.3, count: 5 },
      },
      {
        ...period,
        attributes: { model: 'b' },
        value: { buckets: { boundaries: [0.5, 1, 10], counts: [0, 0, 0, 1] }, sum: 11, count: 1 },
      },
    ]);
  });

  it('is a sum that only grows of a counter, and of everything else a gauge, without what is no number', () => {
    const values = [
      { labels: { status: 200 }, value: 2 ** 40 },
      { labels: {}, value: Number.NaN },
      { labels: {}, value: -3.5 },
    ];
    const counter = convert({ name: 'n_total', help: '', type: 'counter', values });
    assert.deepEqual(
      [counter.dataPointType, 'isMonotonic' in counter && counter.isMonotonic],
      [DataPointType.SUM, true],
    );
    assert.deepEqual(counter.dataPoints, [
      { ...period, attributes: { status: '200' }, value: 2 ** 40 },
      { ...period, attributes: {}, value: -3.5 },
    ]);
    const gauge = convert({ name: 'held_bytes', help: '', type: 'gauge', values });
    assert.deepEqual([gauge.dataPointType, gauge.descriptor.unit], [DataPointType.GAUGE, 'By']);
  });
});
