import { type Exchange, traceparentOf } from '../http/exchange.js';
import { answerInference, type InferenceDeps, sendAnswer, signalOf } from './inference-route.js';
import type { Answered, InferenceRequest } from '../inference/inference.js';
import type { Codec } from '../codec/codec.js';
import { predict } from '../inference/predict.js';
import { optionNames, parseOptions, parseSwitch } from '../codec/prediction-options.js';
import { queryOf, type Router, checkQuery } from '../http/router.js';
import { AppError } from '../../errors.js';
import { imageBytes } from '../../image/image-bytes.js';
import { readBody } from '../http/body/body.js';
import { readPredictionBody } from '../inference/prediction-body.js';
import { readTrail, trailHeader } from '../pipelines/remote/trail.js';
import type { Pipeline } from '../pipelines/types.js';

const parameters = [...optionNames, 'outputs'];

/** `POST /predictions/{model}`, and PUT, as `curl -T` and the users of TorchServe have it: an image, a form with images, or JSON in; labels with probabilities, or boxes, out. */
export function addPredictionRoutes(router: Router, deps: InferenceDeps): void {
  const answerFor =
    (exchange: Exchange) =>
    async (request: InferenceRequest): Promise<Answered> => {
      const { outputs, ...given } = queryOf(exchange);
      return predict(deps.codec.of(request.signal), {
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

/** `POST /predictions/{pipeline}`: one image in, what every step said of it out. */
async function answerPipeline(exchange: Exchange, deps: InferenceDeps, pipeline: Pipeline): Promise<void> {
  const { name } = pipeline;
  exchange.inference = { model: { name, version: '1' } };
  checkQuery(exchange, []);
  const trail = readTrail(exchange.header(trailHeader));
  const body = await readBody(exchange, { limitBytes: deps.bodyBytes });
  const { memory, span: trace, request } = exchange;
  const signal = signalOf(request.raw.socket);
  const image = await readOneImage(body, exchange, deps.codec.of(signal));
  const traceparent = trace?.traceparent ?? traceparentOf(request.headers);
  const call = { image, signal, memory, trace, traceparent, trail };
  const { results, steps, device } = await deps.dataplane.runPipeline(pipeline, call);
  const ms = Math.round((performance.now() - exchange.startedMs) * 1000) / 1000;
  const answer = { model_name: name, model_version: '1', device, results, steps, timings: { total_ms: ms } };
  const written = Buffer.from(JSON.stringify(answer));
  memory.hold(written.length);
  const timing = steps.map((step) => `${step.name};dur=${step.ms.toFixed(3)}`).join(', ');
  const headers = ['content-type', 'application/json', 'x-inference-device', device, 'server-timing', timing];
  await sendAnswer(exchange, { body: written, headers, compressFromBytes: deps.compressFromBytes });
}

async function readOneImage(body: Buffer, { request }: Exchange, codec: Codec): Promise<Uint8Array> {
  const signature = { name: '', inputs: [], outputs: [], maxRows: 0 };
  const { contentType } = request;
  const input = await readPredictionBody(codec, { body, contentType, signature, takesText: false });
  const asked = Object.keys(input.asked);
  if (asked.length > 0) {
    const names = asked.map((option) => `'${option}'`).join(', ');
    throw new AppError('INVALID_INPUT', `${names}: options of steps are set in pipeline.json`);
  }
  const [image, ...more] = input.kind === 'images' ? input.images : [];
  if (image !== undefined && more.length === 0) return imageBytes(image);
  const got = input.kind === 'images' ? `${more.length + 1} images` : input.kind;
  throw new AppError('INVALID_INPUT', `A pipeline takes one image in a request, not ${got}.`);
}
