import type { InferTimings } from '../batching/types.js';
import { createInferResponse, wantsTokens } from '../protocol/response.js';
import type { EncodedResponse, RequestedOutput } from '../protocol/types.js';
import type { CheckedRequest } from '../protocol/validate.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { Codec } from './codec/codec.js';
import { withPictures } from './pictures.js';
import type { ModelView } from './model-view.js';

/** A request's body, undone of its Content-Encoding, and what is needed to answer it. */
export interface InferCall {
  readonly view: ModelView;
  readonly body: Buffer;
  /** `Inference-Header-Content-Length`; undefined: the whole body is JSON. */
  readonly headerLength: number | undefined;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

/** Where a request spent its time on the server, in milliseconds, and with how many rows it ran. */
export interface InferReport {
  readonly timings: InferTimings;
  readonly batchRows: number;
  readonly decodeMs: number;
  readonly encodeMs: number;
}

/** An answer with the way it came about. */
export interface InferAnswer {
  readonly encoded: EncodedResponse;
  readonly report: InferReport;
}

/** Answers one inference request of the Open Inference Protocol. Throws AppError. */
export async function infer(codec: Codec, call: InferCall): Promise<InferAnswer> {
  const { view, body, headerLength } = call;
  const startMs = performance.now();
  const decoding = codec.decodeInfer({ body, headerLength }, view.signature);
  const request = await withPictures(codec, decoding instanceof Promise ? await decoding : decoding, view.model);
  const decodeMs = performance.now() - startMs;
  const { outputs, timings, batchRows } = await runChecked(request, call);
  const ranMs = performance.now();
  const { signature: model, labelsOf } = view;
  const { version } = view.model;
  const encoding = codec.encodeInfer(createInferResponse({ request, model, version, outputs, labelsOf }));
  const encoded = encoding instanceof Promise ? await encoding : encoding;
  return { encoded, report: { timings, batchRows, decodeMs, encodeMs: performance.now() - ranMs } };
}

/** Answers one `:predict` of the version 1 protocols. Throws AppError. */
export async function inferV1(codec: Codec, call: InferCall): Promise<InferAnswer> {
  const startMs = performance.now();
  const request = await codec.decodePredict(call.body, call.view.signature);
  const decodeMs = performance.now() - startMs;
  const { outputs, timings, batchRows } = await runChecked(await withPictures(codec, request, call.view.model), call);
  const ranMs = performance.now();
  const ordered: NamedTensors = new Map(request.outputs.flatMap(({ name }) => entryOf(outputs, name)));
  const { form, instances: rows } = request;
  const encoded = await codec.encodePredict({
    form,
    rows,
    outputs: ordered,
    nonFiniteTokens: wantsTokens(request.parameters),
  });
  return { encoded, report: { timings, batchRows, decodeMs, encodeMs: performance.now() - ranMs } };
}

/** Runs a request that was checked against its model. */
export function runChecked(request: CheckedRequest, { view, signal }: Pick<InferCall, 'view' | 'signal'>) {
  return view.model.infer({
    inputs: request.inputs,
    outputs: wantedOutputs(request.outputs, view),
    rows: request.rows,
    priority: request.priority,
    queueTimeoutMs: request.timeoutUs / 1000,
    signal,
  });
}

/** Names of the outputs asked for, in the model's order; the model's own list where that is all of them. */
function wantedOutputs(asked: readonly RequestedOutput[], { outputNames }: ModelView): readonly string[] {
  if (asked.length === outputNames.length) return outputNames;
  const names = new Set(asked.map(({ name }) => name));
  return outputNames.filter((name) => names.has(name));
}

function entryOf(outputs: NamedTensors, name: string) {
  const tensor = outputs.get(name);
  return tensor === undefined ? [] : [[name, tensor] as const];
}
