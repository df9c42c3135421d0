import { SpanStatusCode } from '@opentelemetry/api';
import type { TracedRun } from '../../batching/types.js';
import type { ServableModel } from '../../repository/types.js';
import { modelAttributes } from './conventions.js';
import { TracedSpan, type SpanDeps } from './traced-span.js';

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
