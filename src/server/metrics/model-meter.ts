import type { InferenceTrace } from '../http/exchange.js';
import type { InferReport } from '../inference/inference.js';

/** A histogram as plain numbers: `bounds` are ascending upper ends, and one more bucket takes the rest. */
export class Distribution {
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > (this.bounds[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#counts.reduce((total, count) => total + count, 0);
  }

  /** For each bound, and at last for infinity, how many values were no larger. */
  cumulative(): readonly number[] {
    let total = 0;
    return Array.from(this.#counts, (count) => (total += count));
  }
}

const secondsBounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const rowsBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** What an answer is counted by; a failure's status is that of HTTP on any transport. */
export interface AnswerKind {
  readonly status: number;
  readonly transport: 'http' | 'grpc';
}

/** Counts of one model version as clients see it. Plain numbers: a request costs a few additions, a scrape the rest. */
export class ModelMeter {
  /** Answers by status, of each transport. */
  readonly requests = { http: new Map<number, number>(), grpc: new Map<number, number>() };
  readonly duration = new Distribution(secondsBounds);
  readonly decode = new Distribution(secondsBounds);
  readonly queue = new Distribution(secondsBounds);
  readonly compute = new Distribution(secondsBounds);
  readonly encode = new Distribution(secondsBounds);
  readonly batchRows = new Distribution(rowsBounds);

  /** Counts an answer. */
  count({ status, transport }: AnswerKind): void {
    const counts = this.requests[transport];
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }

  /** Notes where a successful request spent its time, and the rows of the run that served it. */
  observe({ timings, decodeMs, encodeMs, batchRows }: InferReport, totalMs: number): void {
    this.duration.observe(totalMs / 1000);
    this.decode.observe(decodeMs / 1000);
    this.queue.observe(timings.queueMs / 1000);
    this.compute.observe((timings.inputMs + timings.computeMs + timings.outputMs) / 1000);
    this.encode.observe(encodeMs / 1000);
    this.batchRows.observe(batchRows);
  }
}

/** The meters of all model versions that ever answered. */
export class ModelMeters {
  readonly #meters = new Map<string, Map<string, ModelMeter>>();
  /** Requests for models that are not there: they get no label of their own, which clients could multiply at will. */
  readonly unknown = new ModelMeter();

  /** The meter of a version; the same one every time. */
  of({ name, version }: { readonly name: string; readonly version: string }): ModelMeter {
    const known = this.#meters.get(name)?.get(version);
    if (known !== undefined) return known;
    const meter = new ModelMeter();
    const versions = this.#meters.get(name) ?? new Map<string, ModelMeter>();
    this.#meters.set(name, versions.set(version, meter));
    return meter;
  }

  /** Counts an answered inference request; one whose model is not there counts for no model. */
  record({ model, report }: InferenceTrace, kind: AnswerKind, totalMs: number): void {
    const meter = model === undefined ? this.unknown : this.of(model);
    meter.count(kind);
    if (report !== undefined && kind.status === 200) meter.observe(report, totalMs);
  }

  /** Every meter with its labels; the unknown models' last, with empty ones. */
  *entries(): Generator<readonly [labels: { readonly model: string; readonly version: string }, meter: ModelMeter]> {
    for (const [model, versions] of this.#meters) {
      for (const [version, meter] of versions) yield [{ model, version }, meter];
    }
    yield [{ model: '', version: '' }, this.unknown];
  }
}
