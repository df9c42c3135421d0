import { AppError } from '../../errors.js';
import type { ServableModel } from '../../repository/types.js';
import type { Codec } from '../codec/codec.js';
import type { Dataplane } from '../dataplane.js';
import { readBody } from '../http/body/body.js';
import type { Exchange, InferenceTrace } from '../http/exchange.js';
import type { Router } from '../http/router.js';
import type { Answered, InferenceRequest } from '../inference/inference.js';
import { embedTexts } from '../inference/named/embeddings.js';
import { rerankTexts } from '../inference/named/rerank.js';
import { answerRead, signalOf, type InferenceDeps } from './inference-route.js';

/** A model in OpenAI's lists; none is older than the server's start. */
export const openAiModel = (id: string): object => ({
  id,
  object: 'model',
  created: Math.floor(performance.timeOrigin / 1000),
  owned_by: 'slipway',
});

/** Embeddings and models as OpenAI has them, rerank as Cohere, Jina and vLLM have it; also below `/openai`, as KServe has them. */
export function addOpenAiRoutes(router: Router, deps: InferenceDeps): void {
  const { dataplane } = deps;
  for (const path of ['/v1/embeddings', '/openai/v1/embeddings']) {
    router.post(path, (exchange) =>
      answerNamed(exchange, deps, {
        read: (codec, body) => codec.decodeEmbeddings(body),
        answer: embedTexts,
      }),
    );
  }
  for (const path of ['/v1/rerank', '/v2/rerank', '/openai/v1/rerank']) {
    router.post(path, (exchange) =>
      answerNamed(exchange, deps, {
        read: (codec, body) => codec.decodeRerank(body),
        answer: rerankTexts,
      }),
    );
  }
  router.get('/openai/v1/models', (exchange) => {
    exchange.sendJson(200, { object: 'list', data: dataplane.readyNames().map(openAiModel) });
  });
  router.get('/openai/v1/models/:model', (exchange) => {
    exchange.sendJson(200, openAiModel(findNamed(dataplane, exchange.param('model')).name));
  });
}

/** How one kind of request is read and answered that names its model in its body. */
interface Named<T extends { readonly model: string }> {
  readonly read: (codec: Codec, body: Buffer) => T | Promise<T>;
  readonly answer: (codec: Codec, asked: T, request: InferenceRequest) => Promise<Answered>;
}

async function answerNamed<T extends { readonly model: string }>(
  exchange: Exchange,
  deps: InferenceDeps,
  { read, answer }: Named<T>,
): Promise<void> {
  const trace: InferenceTrace = {};
  exchange.inference = trace;
  const body = await readBody(exchange, { limitBytes: deps.bodyBytes });
  if (body.length === 0) throw new AppError('INVALID_INPUT', 'The request has no body: expected JSON.');
  const asked = await read(deps.codec.of(signalOf(exchange.request.raw.socket)), body);
  const model = findNamed(deps.dataplane, asked.model);
  trace.model = model;
  model.admission.drop(model.admission.check(exchange.waitedMs));
  const how = { answer: (request: InferenceRequest) => answer(deps.codec.of(request.signal), asked, request) };
  return answerRead({ exchange, deps, how, trace, model }, body);
}

/** A model by its name, or by name and version: `minilm`, `minilm:2`. Throws MODEL_NOT_FOUND or MODEL_NOT_READY. */
function findNamed(dataplane: Dataplane, asked: string): ServableModel {
  const [, name, version] = /^(.+):(\d+)$/.exec(asked) ?? [];
  const isName = name === undefined || dataplane.isModelReady(asked, undefined);
  return isName ? dataplane.model(asked, undefined) : dataplane.model(name, version);
}
