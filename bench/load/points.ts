import type { Form, Method, Scenario } from '../types.js';

/** Who sends when, without the details of the load generator. */
export type PointArrivals =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | { readonly kind: 'poisson'; readonly requestsPerSecond: number };

/** One load under which every participant is measured. */
export interface Point {
  readonly scenario: Scenario;
  readonly form: Form;
  readonly batch: number;
  readonly arrivals: PointArrivals;
}

/** Which loads a user wants. */
export interface Sweep {
  readonly concurrencies: readonly number[];
  readonly batches: readonly number[];
  readonly rates: readonly number[];
  /** Requests a second, or shares of the best rate of the first target. */
  readonly ratesAre: 'absolute' | 'shares';
}

/** What the load points of a model depend on. */
export interface ModelTraits {
  readonly hasBatchDimension: boolean;
  readonly takesImages: boolean;
  /** Clients that keep every worker busy. */
  readonly workers: number;
}

/** The loads of one model (`latency` is also the binary form beside the other paths), in the order in which they are measured; arrivals at rates come later, when the best rate is known. */
export function planPoints({ concurrencies, batches }: Sweep, traits: ModelTraits): readonly Point[] {
  const closed = (scenario: Scenario, form: Form, [batch, concurrency]: readonly [number, number]): Point => ({
    scenario,
    form,
    batch,
    arrivals: { kind: 'closed', concurrency },
  });
  const otherForms: readonly Form[] = traits.takesImages ? ['json', 'image'] : ['json'];
  return [
    closed('latency', 'binary', [1, 1]),
    ...concurrencies.map((concurrency) => closed('concurrency', 'binary', [1, concurrency])),
    ...(traits.hasBatchDimension ? batches : []).map((batch) => closed('batch', 'binary', [batch, traits.workers])),
    ...otherForms.map((form) => closed('path', form, [1, 1])),
  ];
}

/** Points that are one and the same load (`latency`, `concurrency 1`) together: it is measured once for all of them. */
export function groupByLoad(points: readonly Point[]): readonly (readonly [Point, ...Point[]])[] {
  const groups = new Map<string, [Point, ...Point[]]>();
  for (const point of points) {
    const load = JSON.stringify([point.form, point.batch, point.arrivals]);
    const group = groups.get(load);
    if (group === undefined) groups.set(load, [point]);
    else group.push(point);
  }
  return [...groups.values()];
}

/** Arrivals at the rates asked for. */
export function planArrivals({ rates, ratesAre }: Sweep, bestRate: number): readonly Point[] {
  return rates
    .map((rate) => (ratesAre === 'shares' ? rate * bestRate : rate))
    .map((rate) => Number(rate.toPrecision(2)))
    .filter((rate) => rate > 0)
    .map((requestsPerSecond) => ({
      scenario: 'arrivals',
      form: 'binary',
      batch: 1,
      arrivals: { kind: 'poisson', requestsPerSecond },
    }));
}

/** How long windows last where one request takes `expectedMs`; undefined where that is too long to measure at all. */
export function windowFor(
  expectedMs: number,
  { windowMs, warmupMs }: Method,
): Pick<Method, 'windowMs' | 'warmupMs'> | undefined {
  if (expectedMs > mostLatencyMs) return undefined;
  return { windowMs: Math.max(windowMs, 8 * expectedMs), warmupMs: Math.max(warmupMs, 1.5 * expectedMs) };
}

/** A point whose requests take longer than this is left out, and said to be. */
const mostLatencyMs = 1500;
