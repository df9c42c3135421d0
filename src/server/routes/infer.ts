import { headerLengthName, parseHeaderLength } from '../../protocol/header-length.js';
import type { EncodedResponse } from '../../protocol/types.js';
import { reportHeaders, sendAnswer } from '../answer.js';
import { readBody } from '../body.js';
import type { Codec } from '../codec-port.js';
import { signalOf } from '../connection-signal.js';
import type { Dataplane } from '../dataplane.js';
import type { Exchange } from '../exchange.js';
import { infer } from '../inference.js';
import { viewOf } from '../model-view.js';
import type { Router } from '../router.js';

export interface InferDeps {
  readonly dataplane: Dataplane;
  readonly codec: Codec;
  readonly bodyBytes: number;
  readonly compressFromBytes: number;
}

/** The inference calls of the Open Inference Protocol. */
export function addInferRoutes(router: Router, deps: InferDeps): void {
  const handler = (exchange: Exchange) => answerInfer(deps, exchange);
  router.post('/v2/models/:model/infer', handler);
  router.post('/v2/models/:model/versions/:version/infer', handler);
}

async function answerInfer(deps: InferDeps, exchange: Exchange): Promise<void> {
  const { dataplane, codec, bodyBytes, compressFromBytes } = deps;
  const trace = (exchange.inference = {}) as NonNullable<Exchange['inference']>;
  const model = dataplane.model(exchange.param('model'), exchange.version);
  trace.model = model;
  const reading = readBody(exchange, bodyBytes);
  const { encoded, ...report } = await infer(codec, {
    view: viewOf(model),
    body: reading instanceof Promise ? await reading : reading,
    headerLength: parseHeaderLength(exchange.header(headerLengthName)),
    signal: signalOf(exchange.request.raw.socket),
  });
  trace.report = report;
  const headers = [...contentHeaders(encoded), ...reportHeaders(report, model.placement.device)];
  await sendAnswer(exchange, { body: encoded.body, headers, compressFromBytes });
}

function contentHeaders({ headerLength }: EncodedResponse): readonly string[] {
  if (headerLength === undefined) return ['content-type', 'application/json'];
  return ['content-type', 'application/octet-stream', headerLengthName, String(headerLength)];
}
