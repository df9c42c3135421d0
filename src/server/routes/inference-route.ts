import { headerLengthName, parseHeaderLength } from '../../protocol/header-length.js';
import type { ServableModel } from '../../repository/types.js';
import { reportHeaders, sendAnswer } from './answer.js';
import { readBody } from '../http/body.js';
import type { Codec } from '../codec/codec.js';
import { signalOf } from '../http/connection-signal.js';
import type { Dataplane } from '../dataplane.js';
import type { Exchange, FlatHeaders, InferenceTrace } from '../http/exchange.js';
import type { InferenceRequest, InferReport } from '../inference/inference.js';
import { viewOf } from '../inference/model-view.js';

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

/** An answer as an inference route gives it back. */
export interface InferenceResult {
  readonly body: Uint8Array;
  /** What follows `body`, where it lies. */
  readonly tail?: readonly Uint8Array[] | undefined;
  readonly headers: FlatHeaders;
  readonly report: InferReport;
}

/** How one kind of route answers. */
export interface Answering {
  readonly choice: ModelChoice;
  /** Whether the header that splits bodies counts on this route. */
  readonly splits?: boolean;
  readonly answer: (request: InferenceRequest) => Promise<InferenceResult>;
}

/** What all inference routes do around the inference: find the model, read the body, count, and send. */
export async function answerInference(exchange: Exchange, deps: InferenceDeps, how: Answering): Promise<void> {
  const trace: InferenceTrace = {};
  exchange.inference = trace;
  const model: ServableModel = deps.dataplane.model(how.choice.name, how.choice.version);
  trace.model = model;
  const headerLength = how.splits === true ? parseHeaderLength(exchange.header(headerLengthName)) : undefined;
  const receipt = model.admission.check();
  let body: Buffer;
  try {
    body = await readBody(exchange, { limitBytes: deps.bodyBytes, alignAt: headerLength });
  } finally {
    model.admission.drop(receipt);
  }
  const ticket = model.admission.enter(body.length);
  let result: InferenceResult | undefined;
  try {
    const signal = signalOf(exchange.request.raw.socket);
    const { memory, span: trace } = exchange;
    result = await how.answer({ view: viewOf(model), body, headerLength, signal, trace, memory });
  } finally {
    model.admission.leave(ticket, result !== undefined);
  }
  const { report, body: answer, tail } = result;
  trace.report = report;
  const headers = [...result.headers, ...reportHeaders(report, model.placement.device)];
  await sendAnswer(exchange, { body: answer, tail, headers, compressFromBytes: deps.compressFromBytes });
}
