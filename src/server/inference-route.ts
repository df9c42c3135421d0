import type { ServableModel } from '../repository/types.js';
import { reportHeaders, sendAnswer } from './answer.js';
import { readBody } from './body.js';
import type { Codec } from './codec/codec.js';
import { signalOf } from './connection-signal.js';
import type { Dataplane } from './dataplane.js';
import type { Exchange, FlatHeaders, InferenceTrace } from './exchange.js';
import type { InferReport } from './inference.js';
import { viewOf, type ModelView } from './model-view.js';

/** What every inference route needs. */
export interface InferenceDeps {
  readonly dataplane: Dataplane;
  readonly codec: Codec;
  readonly bodyBytes: number;
  readonly compressFromBytes: number;
}

/** Which model is asked for. */
export interface ModelChoice {
  readonly name: string;
  readonly version: string | undefined;
}

/** A request as an inference route takes it up. */
export interface InferenceRequest {
  readonly view: ModelView;
  readonly body: Buffer;
  readonly signal: AbortSignal;
}

/** An answer as an inference route gives it back. */
export interface InferenceResult {
  readonly body: Uint8Array;
  readonly headers: FlatHeaders;
  readonly report: InferReport;
}

type Answering = (request: InferenceRequest, exchange: Exchange) => Promise<InferenceResult>;

/** What all inference routes do around the inference: find the model, read the body, count, and send. */
export async function answerInference(
  exchange: Exchange,
  deps: InferenceDeps,
  { choice, answering }: { readonly choice: ModelChoice; readonly answering: Answering },
): Promise<void> {
  const trace: InferenceTrace = {};
  exchange.inference = trace;
  const model: ServableModel = deps.dataplane.model(choice.name, choice.version);
  trace.model = model;
  const reading = readBody(exchange, deps.bodyBytes);
  const body = reading instanceof Promise ? await reading : reading;
  const signal = signalOf(exchange.request.raw.socket);
  const result = await answering({ view: viewOf(model), body, signal }, exchange);
  trace.report = result.report;
  const headers = [...result.headers, ...reportHeaders(result.report, model.placement.device)];
  await sendAnswer(exchange, { body: result.body, headers, compressFromBytes: deps.compressFromBytes });
}
