import type { Metrics } from '../metrics/metrics.js';
import type { LoopLink } from '../loop/loop-link.js';
import type { Changed, ModelChange, Question } from '../loop/messages.js';
import type { Registry } from 'prom-client';
import type { RegistryMetric } from '../telemetry/metric-data.js';

/** What one loop knows and does by itself. */
interface OwnPart {
  describeStatistics(name?: string, version?: string): object;
  changeHere(change: ModelChange): Promise<Changed>;
}

/** Answers what the other loops ask; the metrics of all, for whoever asks this one. */
export function joinLoops(loop: LoopLink, own: OwnPart, metrics: () => Promise<Metrics>): () => Promise<Metrics> {
  loop.answerWith(createAnswers(own, metrics));
  const whole = wholeMetrics(async () => (await loop.askAll({ what: 'metrics' })) as readonly Snapshot[]);
  return () => Promise.resolve(whole);
}

function createAnswers(own: OwnPart, metrics: () => Promise<Metrics>) {
  return async (question: Question): Promise<unknown> => {
    switch (question.what) {
      case 'metrics':
        return (await metrics()).read();
      case 'statistics':
        return own.describeStatistics(question.name, question.version);
      case 'change':
        return own.changeHere(question.change);
    }
  };
}

/** The metrics of one loop, or what is left of one that ended. */
export type Snapshot = readonly RegistryMetric[];

/** The metrics of several loops as one: each metric says how its values are put together. */
async function aggregate(snapshots: readonly Snapshot[]): Promise<Registry> {
  const { AggregatorRegistry } = await import('prom-client');
  return AggregatorRegistry.aggregate(snapshots as unknown as object[]);
}

/** Metrics whose text is that of all loops, whichever is asked. */
export function wholeMetrics(read: () => Promise<readonly Snapshot[]>): Metrics {
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    expose: async () => (await aggregate(await read())).metrics(),
    read: async () => (await aggregate(await read())).getMetricsAsJSON(),
  };
}

/** What loops counted that have ended: a sum that fell would be taken for a server that started again. */
export class Retired {
  #sum: Snapshot = [];
  #adding: Promise<void> = Promise.resolve();

  add(metrics: Snapshot): void {
    this.#adding = this.#adding.then(async () => void (this.#sum = await addUp([this.#sum, metrics])));
  }

  /** With all that was added until it answers. */
  async read(): Promise<Snapshot> {
    let adding;
    do await (adding = this.#adding);
    while (adding !== this.#adding);
    return this.#sum;
  }
}

async function addUp(snapshots: readonly Snapshot[]): Promise<Snapshot> {
  const counted = snapshots.map((metrics) => metrics.filter(({ type }) => type === 'counter' || type === 'histogram'));
  return wholeMetrics(() => Promise.resolve(counted)).read();
}

/** A counter of the parent's own. */
export function counterOf(name: string, help: string, value: number): RegistryMetric {
  return {
    name,
    help,
    type: 'counter',
    values: [{ labels: {}, value, metricName: name }],
    aggregator: 'sum',
  } as RegistryMetric;
}
