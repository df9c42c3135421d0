import { AppError } from '../../../errors.js';
import type { EmbeddingConfig } from '../../../model/tasks/text-config.js';
import type { ServableModel } from '../../../repository/types.js';
import { omitUndefined } from '../../../omit-undefined.js';
import { tensorBytes } from '../../memory/memory-budget.js';
import type { Codec } from '../../codec/codec.js';
import type { EmbeddingsAsked } from '../../codec/named/embeddings-request.js';
import { buffersOf, jsonHeaders, reportOf, type Answered, type InferenceRequest } from '../inference.js';
import { makeVectors } from '../tasks/embeddings.js';
import { runTexts } from '../tasks/text-runs.js';
import { inOrder } from '../tasks/texts.js';

/** Answers a request of OpenAI's embeddings API. Throws AppError. */
export async function embedTexts(codec: Codec, asked: EmbeddingsAsked, call: InferenceRequest): Promise<Answered> {
  const { model } = call.view;
  const config = embeddingOf(model);
  const { form } = asked;
  const dimensions = checkDimensions(asked.dimensions, { config, model });
  const startMs = performance.now();
  const ran = await runTexts(codec, asked.texts, { ...call, startMs, outputs: [config.output], isInOrder: false });
  const ranMs = performance.now();
  for (const { outputs, batchRequests } of ran.results) {
    call.memory.hold(tensorBytes(outputs.values()));
    if (batchRequests === 1) call.memory.own(buffersOf(outputs));
  }
  const runs = ran.results.map((result, n) => ({ result, mask: ran.masks?.[n] }));
  const made = await makeVectors(codec, model, { runs, isKept: false, form, ...omitUndefined({ dimensions }) });
  const vectors = inOrder(made, ran.order);
  const short = vectors.find(({ vector }) => vector.length < (dimensions ?? 0));
  if (short !== undefined) throw refusedDimensions(model, dimensions, `its vectors have ${short.vector.length}`);
  const data = vectors.map(({ text }, index) => `{"object":"embedding","index":${index},"embedding":${text}}`);
  const usage = JSON.stringify({ prompt_tokens: ran.tokens, total_tokens: ran.tokens });
  const name = JSON.stringify(asked.model);
  const body = Buffer.from(`{"object":"list","data":[${data.join(',')}],"model":${name},"usage":${usage}}`);
  call.memory.hold(body.length);
  return { body, headers: jsonHeaders, report: reportOf(ran, performance.now() - ranMs) };
}

function embeddingOf({ name, config: { embedding } }: ServableModel): EmbeddingConfig {
  if (embedding !== undefined) return embedding;
  const text = `Model '${name}' makes no embeddings: its model.json has no "embedding". Ask a model whose metadata has the task embedding.`;
  throw new AppError('INVALID_INPUT', text);
}

/** Where a vector is cut; undefined: nowhere. Throws INVALID_INPUT for lengths that the model was not trained for. */
function checkDimensions(
  asked: number | undefined,
  { config, model }: { readonly config: EmbeddingConfig; readonly model: ServableModel },
): number | undefined {
  const { output, pooling, dimensions } = config;
  const shape = model.outputs.find(({ name }) => name === output)?.shape ?? [];
  const own = pooling === 'none' ? shape[1] : shape[2];
  if (asked === undefined || asked === own) return undefined;
  const isDeclared = dimensions === 'any' || dimensions?.includes(asked) === true;
  if (isDeclared && (own === undefined || own === -1 || asked < own)) return asked;
  const allowed = dimensions === 'any' ? `up to ${String(own)}` : [...(dimensions ?? []), own].join(', ');
  const why =
    dimensions === undefined
      ? 'its vectors are not cut, since its model.json has no embedding.dimensions. Leave "dimensions" out'
      : `expected ${allowed}`;
  throw refusedDimensions(model, asked, why);
}

function refusedDimensions({ name }: ServableModel, asked: number | undefined, why: string): AppError {
  return new AppError('INVALID_INPUT', `"dimensions" is ${String(asked)} for model '${name}': ${why}.`);
}
