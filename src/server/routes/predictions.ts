import type { Exchange } from '../exchange.js';
import { answerInference, type InferenceDeps, type InferenceResult } from '../inference-route.js';
import type { InferenceRequest } from '../inference.js';
import { parseTop } from '../prediction-request.js';
import { predict } from '../predict.js';
import type { Router } from '../router.js';

/** `POST /predictions/{model}`: a picture, a form with pictures, or JSON in; labels with probabilities out. */
export function addPredictionRoutes(router: Router, deps: InferenceDeps): void {
  const answerFor =
    (exchange: Exchange) =>
    async (request: InferenceRequest): Promise<InferenceResult> => {
      const { top, outputs } = exchange.request.query as Readonly<Record<string, unknown>>;
      const { body, report } = await predict(deps.codec, {
        ...request,
        contentType: exchange.request.contentType,
        top: top === undefined ? undefined : parseTop(top),
        withOutputs: outputs === 'true' || outputs === '1',
      });
      return { body, headers: ['content-type', 'application/json'], report };
    };
  const handler = (exchange: Exchange) =>
    answerInference(exchange, deps, {
      choice: { name: exchange.param('model'), version: exchange.version },
      answer: answerFor(exchange),
    });
  router.post('/predictions/:model', handler);
  router.post('/predictions/:model/versions/:version', handler);
}
