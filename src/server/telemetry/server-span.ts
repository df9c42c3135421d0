import { ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { detailsOf, dimensionsOf, nameOf, outcomeOf, resultOf } from './conventions.js';
import type { BegunRequest, EndedRequest, RequestSpan } from './telemetry.js';
import { TracedSpan, type SpanDeps } from './traced-span.js';

const propagator = new W3CTraceContextPropagator();
const headerGetter = { keys: () => [], get: (header: BegunRequest['header'], name: string) => header(name) };

/**
 * A request's span, with what was done for it as children.
 * - A request that is not sampled costs little more than its ids.
 * - What is not sampled counts in the durations all the same.
 */
export class ServerSpan extends TracedSpan implements RequestSpan {
  readonly #deps: SpanDeps;
  readonly #begun: BegunRequest;
  #isOver = false;

  constructor(deps: SpanDeps, begun: BegunRequest) {
    const parent = deps.readsParents ? propagator.extract(ROOT_CONTEXT, begun.header, headerGetter) : ROOT_CONTEXT;
    const attributes = { ...dimensionsOf(begun), ...detailsOf(begun) };
    const offsetMs = deps.epochOffsetMs();
    const startTime = offsetMs + begun.startedMs;
    const options = { kind: SpanKind.SERVER, attributes, startTime };
    super(deps.tracer, deps.tracer.startSpan(nameOf(begun), options, parent), offsetMs);
    this.#deps = deps;
    this.#begun = begun;
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
    this.span.setAttributes({ ...outcome, ...resultOf(ended) });
    if (ended.isFault) this.span.setStatus({ code: SpanStatusCode.ERROR });
    this.span.end(this.toEpochMs(endedMs));
  }

  /** Reading ends where the first wait begins, and writing begins where the last run is over. */
  #addChildren({ report }: EndedRequest): void {
    const { runs } = this;
    this.addRuns();
    if (report === undefined || runs.length === 0) return;
    const queuedMs = Math.min(...runs.map(({ enqueuedMs }) => enqueuedMs));
    const ranMs = Math.max(...runs.map(({ endedMs }) => endedMs));
    const decodeMs = report.decodeMs - Math.max(...runs.map((run) => run.decodeMs));
    this.addChild('decode', [queuedMs - decodeMs, queuedMs]);
    this.addChild('encode', [ranMs, ranMs + report.encodeMs]);
  }
}
