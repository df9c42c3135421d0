import { ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { detailsOf, dimensionsOf, nameOf, outcomeOf, resultOf, modelAttributes } from './conventions.js';
import type { BegunRequest, EndedRequest, RequestSpan } from './telemetry.js';
import { TracedSpan, type SpanDeps } from './traced-span.js';
import type { TracedRun } from '../../batching/types.js';
import type { ServableModel } from '../../repository/types.js';

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

type TracedModel = Pick<ServableModel, 'name' | 'version' | 'placement'>;

/**
 * Makes the span of a run, for those of its requests, or of their parts, that are sampled: a child of the first one's, with a link to each.
 * Each gets to know the run.
 */
export function addRunSpan({ tracer }: SpanDeps, run: TracedRun, model: TracedModel): void {
  const spans = run.requests.flatMap(({ trace }) => (trace instanceof TracedSpan && trace.isSampled ? [trace] : []));
  const [first] = spans;
  if (first === undefined) return;
  const { startedMs, endedMs, timing, device = model.placement.device } = run;
  const attributes = {
    ...modelAttributes(model),
    'slipway.device': device,
    'slipway.batch.rows': run.rows,
    'slipway.batch.padded_rows': run.rowsToRun,
    'slipway.batch.requests': run.requests.length,
  };
  const links = [...new Set(spans)].map(({ link }) => link);
  const span = tracer.startSpan('batch', { startTime: first.toEpochMs(startedMs), attributes, links }, first.context);
  if (timing === undefined) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(first.toEpochMs(endedMs));
  const decodeMs = (timing?.decodeNs ?? 0) / 1e6;
  const computeMs = timing && decodeMs + (timing.inputNs + timing.computeNs + timing.outputNs) / 1e6;
  const served = { startedMs, endedMs, computeMs, decodeMs, device, batch: span.spanContext() };
  for (const { trace, enqueuedMs } of run.requests) {
    if (trace instanceof TracedSpan) trace.addRun({ ...served, enqueuedMs });
  }
}
