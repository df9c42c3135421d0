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
import type { InnerBegun, InnerSpan, SpanScope } from '../pipelines/in-span.js';
import type { BegunRequest, TraceFacts } from './telemetry.js';

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

/**
 * A span that runs and other spans belong to.
 * - Spans of runs are made when it ends, of times that were measured anyway.
 * - All its times, and those of the spans within, follow from one look at the clock, so that they keep their order.
 */
export class TracedSpan implements SpanScope {
  readonly traceparent: string | undefined;
  readonly facts: TraceFacts | undefined;
  protected readonly span: Span;
  protected readonly runs: ServingRun[] = [];
  readonly #tracer: Tracer;
  readonly #offsetMs: number;

  constructor(tracer: Tracer, span: Span, offsetMs: number) {
    this.#tracer = tracer;
    this.span = span;
    this.#offsetMs = offsetMs;
    const own = span.spanContext();
    if (!isSpanContextValid(own)) return;
    const flags = own.traceFlags.toString(16).padStart(2, '0');
    this.traceparent = `00-${own.traceId}-${own.spanId}-${flags}`;
    this.facts = { trace_id: own.traceId, span_id: own.spanId, trace_flags: flags };
  }

  get isSampled(): boolean {
    return this.span.isRecording();
  }

  /** Where spans belong that are made for it. */
  get context(): Context {
    return trace.setSpan(ROOT_CONTEXT, this.span);
  }

  /** How other spans name it. */
  get link(): Link {
    return { context: this.span.spanContext() };
  }

  /** Milliseconds since 1970 at a `performance.now()`. */
  toEpochMs(ms: number): number {
    return this.#offsetMs + ms;
  }

  addRun(run: ServingRun): void {
    if (this.isSampled) this.runs.push(run);
  }

  begin({ name, isCall = false, attributes }: InnerBegun): InnerSpan | undefined {
    if (!this.isSampled) return undefined;
    const startTime = this.toEpochMs(performance.now());
    const kind = isCall ? SpanKind.CLIENT : SpanKind.INTERNAL;
    const span = this.#tracer.startSpan(name, { kind, attributes, startTime }, this.context);
    return new InnerTracedSpan(this.#tracer, span, this.#offsetMs);
  }

  protected addRuns(): void {
    for (const run of this.runs) {
      this.addChild('queue', [run.enqueuedMs, run.startedMs]);
      this.#addCompute(run);
    }
  }

  #addCompute({ startedMs, endedMs, computeMs, device, batch }: ServingRun): void {
    const from = computeMs === undefined ? startedMs : Math.max(startedMs, endedMs - computeMs);
    this.addChild('compute', [from, endedMs], {
      links: [{ context: batch }],
      attributes: { 'slipway.device': device },
      hasFailed: computeMs === undefined,
    });
  }

  protected addChild(
    name: string,
    [fromMs, toMs]: readonly [fromMs: number, toMs: number],
    { hasFailed = false, ...more }: ChildOptions = {},
  ): void {
    const child = this.#tracer.startSpan(name, { startTime: this.toEpochMs(fromMs), ...more }, this.context);
    if (hasFailed) child.setStatus({ code: SpanStatusCode.ERROR });
    child.end(this.toEpochMs(toMs));
  }
}

class InnerTracedSpan extends TracedSpan implements InnerSpan {
  end(hasFailed: boolean): void {
    this.addRuns();
    if (hasFailed) this.span.setStatus({ code: SpanStatusCode.ERROR });
    this.span.end(this.toEpochMs(performance.now()));
  }
}
