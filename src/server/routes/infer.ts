import type { Exchange } from '../http/exchange.js';
import { answerInference, type InferenceDeps } from './inference-route.js';
import { infer } from '../inference/inference.js';
import type { Router } from '../http/router.js';

/** The inference calls of the Open Inference Protocol. */
export function addInferRoutes(router: Router, deps: InferenceDeps): void {
  const handler = (exchange: Exchange) =>
    answerInference(exchange, deps, {
      choice: { name: exchange.param('model'), version: exchange.version },
      splits: true,
      answer: (request) => infer(deps.codec, request),
    });
  router.post('/v2/models/:model/infer', handler);
  router.post('/v2/models/:model/versions/:version/infer', handler);
}
