import {
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Histogram,
  type Link,
  type Span,
  type SpanContext,
  type SpanOptions,
  type Tracer,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { detailsOf, dimensionsOf, nameOf, outcomeOf, resultOf } from './conventions.js';
import type { BegunRequest, EndedRequest, RequestSpan, TraceFacts } from './telemetry.js';

/** One run that served a request, or failed to; times by `performance.now()`. */
export interface ServingRun {
  readonly enqueuedMs: number;
  readonly startedMs: number;
  readonly endedMs: number;
  /** What the worker spent on it at its end; undefined where it failed. */
  readonly computeMs: number | undefined;
  /** Of that, decoding of images. */
  readonly decodeMs: number;
  /** The device that computed. */
  readonly device: string;
  /** The run's own span. */
  readonly batch: SpanContext;
}

interface ChildOptions extends Pick<SpanOptions, 'links' | 'attributes'> {
  readonly hasFailed?: boolean;
}

/** What all spans of requests share. */
export interface SpanDeps {
  readonly tracer: Tracer;
  /** Whether requests continue the traces of their clients. */
  readonly readsParents: boolean;
  /** Durations in seconds; undefined where metrics are not sent. */
  readonly durations: Readonly<Record<BegunRequest['transport'], Histogram>> | undefined;
  /** What a `performance.now()` lacks to milliseconds since 1970. */
  readonly epochOffsetMs: () => number;
}

const propagator = new W3CTraceContextPropagator();
const headerGetter = { keys: () => [], get: (header: BegunRequest['header'], name: string) => header(name) };

/**
 * A request's span, with what was done for it as children.
 * - Children are made when it ends, of times that were measured anyway: a request that is not sampled costs little more than its ids.
 * - All its times follow from one look at the clock, so that they keep their order.
 * - What is not sampled counts in the durations all the same.
 */
export class ServerSpan implements RequestSpan {
  readonly traceparent: string | undefined;
  readonly facts: TraceFacts | undefined;
  readonly #deps: SpanDeps;
  readonly #begun: BegunRequest;
  readonly #span: Span;
  readonly #offsetMs: number;
  readonly #runs: ServingRun[] = [];
  #isOver = false;

  constructor(deps: SpanDeps, begun: BegunRequest) {
    this.#deps = deps;
    this.#begun = begun;
    const parent = deps.readsParents ? propagator.extract(ROOT_CONTEXT, begun.header, headerGetter) : ROOT_CONTEXT;
    const attributes = { ...dimensionsOf(begun), ...detailsOf(begun) };
    this.#offsetMs = deps.epochOffsetMs();
    const startTime = this.toEpochMs(begun.startedMs);
    this.#span = deps.tracer.startSpan(nameOf(begun), { kind: SpanKind.SERVER, attributes, startTime }, parent);
    const own = this.#span.spanContext();
    if (!isSpanContextValid(own)) return;
    const flags = own.traceFlags.toString(16).padStart(2, '0');
    this.traceparent = `00-${own.traceId}-${own.spanId}-${flags}`;
    this.facts = { trace_id: own.traceId, span_id: own.spanId, trace_flags: flags };
  }

  get isSampled(): boolean {
    return this.#span.isRecording();
  }

  /** Where spans belong that are made for it. */
  get context(): Context {
    return trace.setSpan(ROOT_CONTEXT, this.#span);
  }

  /** How other spans name it. */
  get link(): Link {
    return { context: this.#span.spanContext() };
  }

  /** Milliseconds since 1970 at a `performance.now()`. */
  toEpochMs(ms: number): number {
    return this.#offsetMs + ms;
  }

  addRun(run: ServingRun): void {
    if (this.isSampled) this.#runs.push(run);
  }

  end(ended: EndedRequest): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const begun = this.#begun;
    const endedMs = performance.now();
    const outcome = outcomeOf(begun, ended);
    const seconds = (endedMs - begun.startedMs) / 1000;
    this.#deps.durations?.[begun.transport].record(seconds, { ...dimensionsOf(begun), ...outcome });
    if (!this.isSampled) return;
    this.#addChildren(ended);
    this.#span.setAttributes({ ...outcome, ...resultOf(ended) });
    if (ended.isFault) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end(this.toEpochMs(endedMs));
  }

  /** Reading ends where the first wait begins, and writing begins where the last run is over. */
  #addChildren({ report }: EndedRequest): void {
    const runs = this.#runs;
    for (const run of runs) {
      this.#addChild('queue', [run.enqueuedMs, run.startedMs]);
      this.#addCompute(run);
    }
    if (report === undefined || runs.length === 0) return;
    const queuedMs = Math.min(...runs.map(({ enqueuedMs }) => enqueuedMs));
    const ranMs = Math.max(...runs.map(({ endedMs }) => endedMs));
    const decodeMs = report.decodeMs - Math.max(...runs.map((run) => run.decodeMs));
    this.#addChild('decode', [queuedMs - decodeMs, queuedMs]);
    this.#addChild('encode', [ranMs, ranMs + report.encodeMs]);
  }

  #addCompute({ startedMs, endedMs, computeMs, device, batch }: ServingRun): void {
    const from = computeMs === undefined ? startedMs : Math.max(startedMs, endedMs - computeMs);
    this.#addChild('compute', [from, endedMs], {
      links: [{ context: batch }],
      attributes: { 'slipway.device': device },
      hasFailed: computeMs === undefined,
    });
  }

  #addChild(
    name: string,
    [fromMs, toMs]: readonly [fromMs: number, toMs: number],
    { hasFailed = false, ...more }: ChildOptions = {},
  ): void {
    const child = this.#deps.tracer.startSpan(name, { startTime: this.toEpochMs(fromMs), ...more }, this.context);
    if (hasFailed) child.setStatus({ code: SpanStatusCode.ERROR });
    child.end(this.toEpochMs(toMs));
  }
}
