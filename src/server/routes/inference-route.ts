import { headerLengthName, parseHeaderLength } from '../../protocol/v2/binary-part.js';
import type { Receipt } from '../../batching/admission/admission.js';
import type { ServableModel } from '../../repository/types.js';
import { ownMemory } from '../../tensor/release.js';
import { chooseCoding, encodeBody, type Coding } from '../http/body/content-encoding.js';
import { readBody } from '../http/body/body.js';
import type { Codec } from '../codec/codec.js';
import type { Dataplane } from '../dataplane.js';
import type { Exchange, FlatHeaders, InferenceTrace } from '../http/exchange.js';
import { reportHeaders, type Answered, type InferenceRequest, infer } from '../inference/inference.js';
import { viewOf } from '../inference/model-view.js';
import type { Router } from '../http/router.js';
import type { Socket } from 'node:net';

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

/** A request whose body is there. */
interface Read {
  readonly exchange: Exchange;
  readonly deps: InferenceDeps;
  readonly how: Pick<Answering, 'answer'>;
  readonly trace: InferenceTrace;
  readonly model: ServableModel;
  readonly headerLength?: number | undefined;
}

/** A request that its model takes, before its body is read. */
interface Taken extends Read {
  readonly receipt: Receipt;
}

async function answerReceived(taken: Taken): Promise<void> {
  const { exchange, deps, model, headerLength, receipt } = taken;
  let body: Buffer;
  try {
    body = await readBody(exchange, { limitBytes: deps.bodyBytes, alignAt: headerLength });
  } finally {
    model.admission.drop(receipt);
  }
  return answerRead(taken, body);
}

/** The same once the body is there: count, infer, and send. */
export async function answerRead(
  { exchange, deps, how, trace, model, headerLength }: Read,
  body: Buffer,
): Promise<void> {
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

/** An inference answer on its way out. */
interface Answer {
  readonly body: Uint8Array;
  readonly tail?: readonly Uint8Array[] | undefined;
  readonly headers: FlatHeaders;
  /** Bodies of at least this size are compressed for clients that accept it; -1: none. */
  readonly compressFromBytes: number;
}

/** Sends an answer, compressed where the client accepts it and the answer is large enough; at once where it is not. Its body belongs to the exchange. */
export function sendAnswer(exchange: Exchange, answer: Answer): void | Promise<void> {
  const { body, tail = [], headers, compressFromBytes } = answer;
  exchange.memory.own(ownMemory(body));
  const parts = tail.length === 0 ? body : [body, ...tail];
  const accepted = exchange.header('accept-encoding');
  const bytes = tail.reduce((sum, part) => sum + part.length, body.length);
  if (accepted === undefined || compressFromBytes < 0 || bytes < compressFromBytes) {
    exchange.send(200, parts, headers);
    return;
  }
  const coding = chooseCoding(accepted);
  if (coding !== undefined) return sendCompressed(exchange, answer, coding);
  exchange.send(200, parts, [...headers, 'vary', 'accept-encoding']);
}

async function sendCompressed(exchange: Exchange, { body, tail, headers }: Answer, coding: Coding): Promise<void> {
  const compressed = await encodeBody(tail === undefined ? body : Buffer.concat([body, ...tail]), coding);
  exchange.memory.own(ownMemory(compressed));
  exchange.send(200, compressed, [...headers, 'content-encoding', coding, 'vary', 'accept-encoding']);
}

/** The inference calls of the Open Inference Protocol. */
export function addInferRoutes(router: Router, deps: InferenceDeps): void {
  const handler = (exchange: Exchange) =>
    answerInference(exchange, deps, {
      choice: { name: exchange.param('model'), version: exchange.version },
      splits: true,
      answer: (request) => infer(deps.codec.of(request.signal), request),
    });
  router.post('/v2/models/:model/infer', handler);
  router.post('/v2/models/:model/versions/:version/infer', handler);
}

const controllers = new WeakMap<Socket, AbortController>();

/**
 * A signal that aborts when the client's connection closes. A connection has one request at a time, so one signal serves
 * all of them: a request costs a look-up, not a controller and its listeners.
 */
export function signalOf(socket: Socket): AbortSignal {
  const known = controllers.get(socket);
  if (known !== undefined) return known.signal;
  const controller = new AbortController();
  controllers.set(socket, controller);
  if (socket.destroyed) controller.abort();
  else socket.once('close', () => controller.abort());
  return controller.signal;
}
