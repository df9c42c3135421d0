import type { Exchange } from '../http/exchange.js';
import { answerInference, type InferenceDeps } from './inference-route.js';
import type { Answered, InferenceRequest } from '../inference/inference.js';
import { answerPipeline } from './pipeline.js';
import { predict } from '../inference/predict.js';
import { optionNames, parseOptions, parseSwitch } from '../codec/prediction-options.js';
import { queryOf } from '../http/router.js';
import type { Router } from '../http/router.js';

const parameters = [...optionNames, 'outputs'];

/** `POST /predictions/{model}`, and PUT, as `curl -T` and the users of TorchServe have it: an image, a form with images, or JSON in; labels with probabilities, or boxes, out. */
export function addPredictionRoutes(router: Router, deps: InferenceDeps): void {
  const answerFor =
    (exchange: Exchange) =>
    async (request: InferenceRequest): Promise<Answered> => {
      const { outputs, ...given } = queryOf(exchange);
      return predict(deps.codec, {
        ...request,
        contentType: exchange.request.contentType,
        asked: parseOptions(given),
        withOutputs: parseSwitch('outputs', outputs),
      });
    };
  const handler = (exchange: Exchange): Promise<void> => {
    const name = exchange.param('model');
    exchange.inference = {};
    const pipeline = deps.dataplane.findPipeline(name, exchange.version);
    if (pipeline !== undefined) return answerPipeline(exchange, deps, pipeline);
    return answerInference(exchange, deps, {
      choice: { name, version: exchange.version },
      answer: answerFor(exchange),
    });
  };
  for (const path of ['/predictions/:model', '/predictions/:model/versions/:version']) {
    router.post(path, handler, parameters);
    router.put(path, handler, parameters);
  }
}
