import { ValueType, type Attributes, type HrTime } from '@opentelemetry/api';
import {
  AggregationTemporality,
  DataPointType,
  type DataPoint,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics';

/** A metric of the Prometheus registry, as it gives it to programs. */
export interface RegistryMetric {
  readonly name: string;
  readonly help: string;
  /** `counter`, `gauge` or `histogram`. */
  readonly type: unknown;
  readonly values: readonly {
    readonly labels: Readonly<Record<string, string | number | undefined>>;
    readonly value: number;
    /** With `_bucket`, `_sum` or `_count` in a histogram. */
    readonly metricName?: string | undefined;
  }[];
}

/** From when counts are, and when they were read. */
export interface Period {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

/** What names say of units. */
const units: readonly (readonly [ending: RegExp, unit: string])[] = [
  [/_seconds(?:_total)?$/, 's'],
  [/_us(?:_total)?$/, 'us'],
  [/_bytes(?:_total)?$/, 'By'],
  [/_celsius$/, 'Cel'],
  [/_watts$/, 'W'],
  [/_ratio$/, '1'],
];

/** A metric of /metrics in OpenTelemetry's form, under its own name; without the values that are no numbers. */
export function toMetricData(metric: RegistryMetric, period: Period): MetricData {
  const { name, help: description, type } = metric;
  const unit = units.find(([ending]) => ending.test(name))?.[1] ?? '';
  const shared = {
    descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (type === 'histogram') {
    return { ...shared, dataPointType: DataPointType.HISTOGRAM, dataPoints: histogramPoints(metric, period) };
  }
  const values = metric.values.filter(({ value }) => Number.isFinite(value));
  const dataPoints = values.map(({ labels, value }) => ({ ...period, attributes: attributesOf(labels), value }));
  if (type === 'counter') return { ...shared, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
  return { ...shared, dataPointType: DataPointType.GAUGE, dataPoints };
}

interface Series {
  readonly attributes: Attributes;
  /** By upper end, cumulative; that of infinity is `count`. */
  readonly totals: (readonly [bound: number, total: number])[];
  sum: number;
  count: number;
}

function histogramPoints({ name, values }: RegistryMetric, period: Period): DataPoint<Histogram>[] {
  const all = new Map<string, Series>();
  for (const { labels, value, metricName } of values) {
    const { le, ...own } = labels;
    const key = JSON.stringify(Object.entries(own).sort());
    const series = all.get(key) ?? { attributes: attributesOf(own), totals: [], sum: 0, count: 0 };
    all.set(key, series);
    if (metricName === `${name}_sum`) series.sum = value;
    else if (metricName === `${name}_count`) series.count = value;
    else if (Number.isFinite(Number(le))) series.totals.push([Number(le), value]);
  }
  return [...all.values()].map((series) => ({ ...period, attributes: series.attributes, value: histogramOf(series) }));
}

/** Counts of each bucket alone, where the registry has how many values were no larger. */
function histogramOf({ totals, sum, count }: Series): Histogram {
  const ascending = totals.toSorted(([a], [b]) => a - b);
  const upTo = [...ascending.map(([, total]) => total), count];
  const counts = upTo.map((total, index) => total - (upTo[index - 1] ?? 0));
  return { buckets: { boundaries: ascending.map(([bound]) => bound), counts }, sum, count };
}

function attributesOf(labels: RegistryMetric['values'][number]['labels']): Attributes {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, String(value)]));
}
