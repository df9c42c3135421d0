import type { Registry } from 'prom-client';
import type { Distribution } from './model-meter.js';

/** Labels of a metric. */
export type Labels = Readonly<Record<string, string | number>>;

/** One line of the exposition: a value with its labels; `suffix` is `_bucket`, `_sum` or `_count` of a histogram. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  readonly suffix?: string;
}

/** A metric whose samples are read when they are scraped, and cost nothing before. */
export interface ReadMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** How the values of several HTTP loops are put together; they add up unless given. */
  readonly aggregator?: 'sum' | 'min' | 'max' | 'first';
  readonly read: () => Iterable<Sample> | Promise<Iterable<Sample>>;
}

/** Adds a metric that is read at the scrape. */
export function register(registry: Registry, metric: ReadMetric): void {
  const { name, help, type, aggregator = 'sum' } = metric;
  const get = async () => {
    const samples = [...(await metric.read())];
    const values = samples.map(({ labels, value, suffix }) => ({
      labels,
      value,
      metricName: `${name}${suffix ?? ''}`,
    }));
    return { name, help, type, values, aggregator };
  };
  registry.registerMetric({ name, get } as unknown as Parameters<Registry['registerMetric']>[0]);
}

/** The samples of one histogram. */
export function* histogramSamples(labels: Labels, distribution: Distribution): Generator<Sample> {
  const totals = distribution.cumulative();
  for (const [index, total] of totals.entries()) {
    const le = distribution.bounds[index] ?? '+Inf';
    yield { labels: { ...labels, le }, value: total, suffix: '_bucket' };
  }
  yield { labels, value: distribution.sum, suffix: '_sum' };
  yield { labels, value: totals.at(-1) ?? 0, suffix: '_count' };
}
