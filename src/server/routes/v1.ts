import { AppError } from '../../errors.js';
import { modelStatusBody } from '../../protocol/v1/encode.js';
import type { Dataplane } from '../dataplane.js';
import type { Exchange } from '../http/exchange.js';
import { openAiModel } from './openai.js';
import { answerInference, type InferenceDeps } from './inference-route.js';
import { inferV1 } from '../inference/inference.js';
import type { Router } from '../http/router.js';

const verb = ':predict';

/** The version 1 protocols of TensorFlow Serving and KServe: models, their state and metadata, `:predict`. OpenAI has two of their paths, and its members beside theirs. */
export function addV1Routes(router: Router, deps: InferenceDeps): void {
  const { dataplane } = deps;
  router.get('/v1/models', (exchange) => {
    const models = dataplane.readyNames();
    exchange.sendJson(200, { models, object: 'list', data: models.map(openAiModel) });
  });
  router.get('/v1/models/:model', (exchange) => sendStatus(exchange, dataplane));
  router.get('/v1/models/:model/versions/:version', (exchange) => sendStatus(exchange, dataplane));
  for (const path of ['/v1/models/:model/metadata', '/v1/models/:model/versions/:version/metadata']) {
    router.get(path, (exchange) => {
      exchange.sendJson(200, dataplane.describeV1(exchange.param('model'), exchange.version));
    });
  }
  // The verb stands in the last part of the path: `m:predict`, `1:predict`.
  router.post('/v1/models/:model', (exchange) => {
    return predict(exchange, deps, { name: withoutVerb(exchange.param('model')), version: undefined });
  });
  router.post('/v1/models/:model/versions/:version', (exchange) => {
    return predict(exchange, deps, { name: exchange.param('model'), version: withoutVerb(exchange.version ?? '') });
  });
}

function predict(exchange: Exchange, deps: InferenceDeps, choice: { name: string; version: string | undefined }) {
  return answerInference(exchange, deps, {
    choice,
    answer: (request) => inferV1(deps.codec.of(request.signal), request),
  });
}

function withoutVerb(part: string): string {
  if (part.endsWith(verb)) return part.slice(0, -verb.length);
  if (part.includes(':')) throw new AppError('NOT_FOUND', `Not found: '${part}'. The only verb here is ${verb}.`);
  throw new AppError('METHOD_NOT_ALLOWED', `Method Not Allowed: POST goes to ${part}${verb}; expected GET, HEAD.`, {
    details: { allow: 'GET, HEAD' },
  });
}

function sendStatus(exchange: Exchange, dataplane: Dataplane): void {
  const name = exchange.param('model');
  const versions = dataplane.versionStates(name, exchange.version);
  const isReady = versions.some((version) => version.isReady);
  exchange.sendJson(isReady ? 200 : 503, { ...modelStatusBody(name, versions), ...openAiModel(name) });
}
