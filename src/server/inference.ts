import type { InferTimings } from '../batching/types.js';
import { createInferResponse } from '../protocol/response.js';
import type { EncodedResponse, RequestedOutput } from '../protocol/types.js';
import { validateInferRequest, type CheckedRequest } from '../protocol/validate.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { Codec } from './codec-port.js';
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

export interface InferAnswer extends InferReport {
  readonly encoded: EncodedResponse;
}

/** Answers one inference request of the protocol: decoded, checked, run, encoded. Throws AppError. */
export async function infer(codec: Codec, call: InferCall): Promise<InferAnswer> {
  const { view, body, headerLength, signal } = call;
  const startMs = performance.now();
  const decoding = codec.decode({ body, headerLength }, view.signature);
  const decoded = decoding instanceof Promise ? await decoding : decoding;
  const checked = validateInferRequest(decoded, view.signature);
  const inputs = checked.inputs;
  const decodeMs = performance.now() - startMs;
  const { outputs, timings, batchRows } = await view.model.infer({
    inputs,
    outputs: wantedOutputs(checked.outputs, view),
    rows: checked.rows,
    priority: checked.priority,
    queueTimeoutMs: checked.timeoutUs / 1000,
    signal,
  });
  const ranMs = performance.now();
  const encoding = codec.encode(respond(view, checked, outputs));
  const encoded = encoding instanceof Promise ? await encoding : encoding;
  return { encoded, timings, batchRows, decodeMs, encodeMs: performance.now() - ranMs };
}

/** Names of the outputs asked for, in the model's order; the model's own list where that is all of them. */
function wantedOutputs(asked: readonly RequestedOutput[], { outputNames }: ModelView): readonly string[] {
  if (asked.length === outputNames.length) return outputNames;
  return outputNames.filter((name) => asked.some((output) => output.name === name));
}

function respond(view: ModelView, request: CheckedRequest, outputs: NamedTensors) {
  const { signature, model, labelsOf } = view;
  return createInferResponse({
    request,
    model: signature,
    version: model.version,
    outputs,
    labelsOf,
    nonFiniteTokens: false,
  });
}
