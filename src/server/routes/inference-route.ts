import { headerLengthName, parseHeaderLength } from '../../protocol/header-length.js';
import type { Receipt } from '../../batching/admission/admission.js';
import type { ServableModel } from '../../repository/types.js';
import { reportHeaders, sendAnswer } from './answer.js';
import { readBody } from '../http/body/body.js';
import type { Codec } from '../codec/codec.js';
import { signalOf } from '../http/connections/connection-signal.js';
import type { Dataplane } from '../dataplane.js';
import type { Exchange, InferenceTrace } from '../http/exchange.js';
import type { Answered, InferenceRequest } from '../inference/inference.js';
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

/** How one kind of route answers. */
export interface Answering {
  readonly choice: ModelChoice;
  /** Whether the header that splits bodies counts on this route. */
  readonly splits?: boolean;
  readonly answer: (request: InferenceRequest) => Promise<Answered>;
}

/**
 * What all inference routes do around the inference: find the model, read the body, count, and send. Throws at once where the model takes
 * no request, so that it is answered before Node has copied anything of its body.
 */
export function answerInference(exchange: Exchange, deps: InferenceDeps, how: Answering): Promise<void> {
  const trace: InferenceTrace = {};
  exchange.inference = trace;
  const model: ServableModel = deps.dataplane.model(how.choice.name, how.choice.version);
  trace.model = model;
  const headerLength = how.splits === true ? parseHeaderLength(exchange.header(headerLengthName)) : undefined;
  const receipt = model.admission.check(exchange.waitedMs);
  return answerReceived({ exchange, deps, how, trace, model, headerLength, receipt });
}

/** A request that its model takes. */
interface Taken {
  readonly exchange: Exchange;
  readonly deps: InferenceDeps;
  readonly how: Answering;
  readonly trace: InferenceTrace;
  readonly model: ServableModel;
  readonly headerLength: number | undefined;
  readonly receipt: Receipt;
}

async function answerReceived({ exchange, deps, how, trace, model, headerLength, receipt }: Taken): Promise<void> {
  let body: Buffer;
  try {
    body = await readBody(exchange, { limitBytes: deps.bodyBytes, alignAt: headerLength });
  } finally {
    model.admission.drop(receipt);
  }
  const ticket = model.admission.enter(body.length);
  let result: Answered | undefined;
  try {
    const signal = signalOf(exchange.request.raw.socket);
    const { memory, span } = exchange;
    result = await how.answer({ view: viewOf(model), body, headerLength, signal, trace: span, memory });
  } finally {
    model.admission.leave(ticket, result !== undefined);
  }
  const { report, body: answer, tail } = result;
  trace.report = report;
  const headers = [...result.headers, ...reportHeaders(report, model.placement.device)];
  await sendAnswer(exchange, { body: answer, tail, headers, compressFromBytes: deps.compressFromBytes });
}
