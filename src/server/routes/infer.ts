import { headerLengthName, parseHeaderLength } from '../../protocol/header-length.js';
import type { EncodedResponse } from '../../protocol/types.js';
import type { Exchange, FlatHeaders } from '../exchange.js';
import {
  answerInference,
  type InferenceDeps,
  type InferenceRequest,
  type InferenceResult,
} from '../inference-route.js';
import { infer } from '../inference.js';
import type { Router } from '../router.js';

/** The inference calls of the Open Inference Protocol. */
export function addInferRoutes(router: Router, deps: InferenceDeps): void {
  const answering = async (request: InferenceRequest, exchange: Exchange): Promise<InferenceResult> => {
    const headerLength = parseHeaderLength(exchange.header(headerLengthName));
    const { encoded, report } = await infer(deps.codec, { ...request, headerLength });
    return { body: encoded.body, headers: contentHeaders(encoded), report };
  };
  const handler = (exchange: Exchange) =>
    answerInference(exchange, deps, {
      choice: { name: exchange.param('model'), version: exchange.version },
      answering,
    });
  router.post('/v2/models/:model/infer', handler);
  router.post('/v2/models/:model/versions/:version/infer', handler);
}

const jsonHeaders: FlatHeaders = ['content-type', 'application/json'];

function contentHeaders({ headerLength }: EncodedResponse): FlatHeaders {
  if (headerLength === undefined) return jsonHeaders;
  return ['content-type', 'application/octet-stream', headerLengthName, String(headerLength)];
}
