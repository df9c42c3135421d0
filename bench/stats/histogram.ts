/** A histogram as it crosses processes and stands in JSON: pairs of bucket and count, ascending. */
export interface HistogramData {
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
  readonly maxMs: number;
  readonly sumMs: number;
}

const bitsOfPrecision = 7;
const perOctave = 2 ** bitsOfPrecision;

/**
 * Latencies in buckets that are at most 0.8 % wide (128 a factor of two, from 1 us on), so that histograms of many windows and
 * processes merge without loss and percentiles come from all samples. Percentiles are never averaged.
 */
export class Histogram {
  readonly #counts = new Map<number, number>();
  #count = 0;
  #maxMs = 0;
  #sumMs = 0;

  /** Adds one latency in milliseconds. */
  record(latencyMs: number): void {
    const bucket = bucketOf(latencyMs);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
    this.#count++;
    this.#sumMs += latencyMs;
    if (latencyMs > this.#maxMs) this.#maxMs = latencyMs;
  }

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** Mean latency in milliseconds, NaN while empty. */
  get meanMs(): number {
    return this.#sumMs / this.#count;
  }

  /** The latency in milliseconds that `percent` of the samples do not exceed (nearest rank), NaN while empty. */
  percentileMs(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent / 100) * this.#count));
    let seen = 0;
    for (const [bucket, count] of this.#sorted()) {
      seen += count;
      if (seen >= rank) return Math.min(midpointMs(bucket), this.#maxMs);
    }
    return Number.NaN;
  }

  /** Adds every sample of another histogram. */
  merge(other: HistogramData): void {
    for (const [bucket, count] of other.buckets) {
      this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
      this.#count += count;
    }
    this.#sumMs += other.sumMs;
    this.#maxMs = Math.max(this.#maxMs, other.maxMs);
  }

  toData(): HistogramData {
    return { buckets: this.#sorted(), maxMs: this.#maxMs, sumMs: this.#sumMs };
  }

  #sorted(): (readonly [number, number])[] {
    return [...this.#counts].sort(([a], [b]) => a - b);
  }
}

/** One histogram of many. */
export function mergeHistograms(all: readonly HistogramData[]): Histogram {
  const merged = new Histogram();
  for (const data of all) merged.merge(data);
  return merged;
}

/** floor(128 log2(us)), 0 below a microsecond. */
function bucketOf(latencyMs: number): number {
  return Math.floor(perOctave * Math.log2(Math.max(1, latencyMs * 1000)));
}

/** The geometric middle of a bucket. */
function midpointMs(bucket: number): number {
  return 2 ** ((bucket + 0.5) / perOctave) / 1000;
}
