import type { SequenceEvent } from '../batching/sequences/types.js';
import type { InferResult, RunRecord } from '../batching/types.js';
import type {
  BatchStatistic,
  DurationStatistic,
  ModelStatistics,
  SharingStatistic,
  StatisticsSnapshot,
} from './types.js';

/** A count and a sum that grow. */
class Duration {
  count = 0;
  ns = 0;

  add(ns: number): void {
    this.count += 1;
    this.ns += ns;
  }

  snapshot(): DurationStatistic {
    return { count: this.count, ns: Math.round(this.ns) };
  }
}

interface BatchDurations {
  readonly input: Duration;
  readonly infer: Duration;
  readonly output: Duration;
}

const nsPerMs = 1e6;

/** Counts of one model version since it was loaded: a few additions a request. `clock` gives milliseconds since 1970. */
export class StatisticsCounter implements ModelStatistics {
  readonly #clock: () => number;
  #lastInferenceMs = 0;
  #inferenceCount = 0;
  #executionCount = 0;
  readonly #success = new Duration();
  readonly #fail = new Duration();
  readonly #queue = new Duration();
  readonly #input = new Duration();
  readonly #infer = new Duration();
  readonly #output = new Duration();
  #sharing: SharingStatistic = { repeatedRuns: 0, checkedRuns: 0, differingRuns: 0, turnedOff: 0 };
  readonly #sequences = { started: 0, restarted: 0, ended: 0, expired: 0, dropped: 0, refused: 0 };
  readonly #batches = new Map<number, BatchDurations>();
  readonly #devices = new Map<string, Duration>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** One run of the model on a device, whoever it served. */
  recordRun({ rows, timing }: RunRecord, device: string): void {
    this.#executionCount += 1;
    const size = sizeToCount(rows);
    let batch = this.#batches.get(size);
    if (batch === undefined) {
      batch = { input: new Duration(), infer: new Duration(), output: new Duration() };
      this.#batches.set(size, batch);
    }
    batch.input.add(timing.inputNs);
    batch.infer.add(timing.computeNs);
    batch.output.add(timing.outputNs);
    let runs = this.#devices.get(device);
    if (runs === undefined) this.#devices.set(device, (runs = new Duration()));
    runs.add(timing.computeNs);
  }

  /** Something that became of a shared run. */
  recordSharing(event: keyof SharingStatistic): void {
    this.#sharing = { ...this.#sharing, [event]: this.#sharing[event] + 1 };
  }

  /** What became of so many sequences. */
  recordSequences(event: SequenceEvent, count: number): void {
    this.#sequences[event] += count;
  }

  /** One request that was answered; `totalMs` spans the queue too. */
  recordSuccess({ timings }: InferResult, rows: number, totalMs: number): void {
    this.#lastInferenceMs = this.#clock();
    this.#inferenceCount += rows;
    this.#success.add(totalMs * nsPerMs);
    this.#queue.add(timings.queueMs * nsPerMs);
    this.#input.add(timings.inputMs * nsPerMs);
    this.#infer.add(timings.computeMs * nsPerMs);
    this.#output.add(timings.outputMs * nsPerMs);
  }

  /** One request that was refused or failed. */
  recordFailure(totalMs: number): void {
    this.#lastInferenceMs = this.#clock();
    this.#fail.add(totalMs * nsPerMs);
  }

  snapshot(): StatisticsSnapshot {
    return {
      lastInferenceMs: this.#lastInferenceMs,
      inferenceCount: this.#inferenceCount,
      executionCount: this.#executionCount,
      success: this.#success.snapshot(),
      fail: this.#fail.snapshot(),
      queue: this.#queue.snapshot(),
      computeInput: this.#input.snapshot(),
      computeInfer: this.#infer.snapshot(),
      computeOutput: this.#output.snapshot(),
      batches: this.#batchSnapshots(),
      devices: [...this.#devices].map(([device, runs]) => ({ device, runs: runs.snapshot() })),
      sharing: this.#sharing,
      sequences: { ...this.#sequences },
    };
  }

  #batchSnapshots(): readonly BatchStatistic[] {
    return [...this.#batches]
      .sort(([a], [b]) => a - b)
      .map(([batchSize, { input, infer, output }]) => ({
        batchSize,
        computeInput: input.snapshot(),
        computeInfer: infer.snapshot(),
        computeOutput: output.snapshot(),
      }));
  }
}

const mostExactRows = 1024;

/** Larger runs count under the next power of two: clients choose their sizes, and each has an entry for good. */
function sizeToCount(rows: number): number {
  return rows <= mostExactRows ? rows : 2 ** Math.ceil(Math.log2(rows));
}
