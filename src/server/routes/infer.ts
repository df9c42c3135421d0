import { headerLengthName } from '../../protocol/header-length.js';
import type { EncodedResponse } from '../../protocol/types.js';
import type { Exchange, FlatHeaders } from '../http/exchange.js';
import { answerInference, type InferenceDeps, type InferenceResult } from './inference-route.js';
import { infer, type InferenceRequest } from '../inference/inference.js';
import type { Router } from '../http/router.js';

/** The inference calls of the Open Inference Protocol. */
export function addInferRoutes(router: Router, deps: InferenceDeps): void {
  const answer = async (request: InferenceRequest): Promise<InferenceResult> => {
    const { encoded, report } = await infer(deps.codec, request);
    return { body: encoded.body, tail: encoded.tail, headers: contentHeaders(encoded), report };
  };
  const handler = (exchange: Exchange) =>
    answerInference(exchange, deps, {
      choice: { name: exchange.param('model'), version: exchange.version },
      splits: true,
      answer,
    });
  router.post('/v2/models/:model/infer', handler);
  router.post('/v2/models/:model/versions/:version/infer', handler);
}

const jsonHeaders: FlatHeaders = ['content-type', 'application/json'];

function contentHeaders({ headerLength }: EncodedResponse): FlatHeaders {
  if (headerLength === undefined) return jsonHeaders;
  return ['content-type', 'application/octet-stream', headerLengthName, String(headerLength)];
}
