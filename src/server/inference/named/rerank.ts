import { AppError } from '../../../errors.js';
import type { ClassificationConfig } from '../../../model/config.js';
import { formatFloat } from '../../../protocol/json/number-text.js';
import type { ServableModel } from '../../../repository/types.js';
import { tensorBytes } from '../../memory/memory-budget.js';
import type { Codec } from '../../codec/codec.js';
import type { RerankAsked } from '../../codec/named/rerank-request.js';
import { jsonHeaders, reportOf, type Answered, type InferenceRequest } from '../inference.js';
import { readPredictions } from '../tasks/predictions.js';
import { runTexts } from '../tasks/text-runs.js';
import { inOrder } from '../tasks/texts.js';

/** Answers a rerank request: how well each document fits the query, best first. Throws AppError. */
export async function rerankTexts(codec: Codec, asked: RerankAsked, call: InferenceRequest): Promise<Answered> {
  const { model } = call.view;
  const { output } = scoreOf(model);
  const startMs = performance.now();
  const pairs = asked.documents.map((document) => [asked.query, document] as const);
  const ran = await runTexts(codec, pairs, { ...call, startMs, outputs: [output], isInOrder: false });
  const ranMs = performance.now();
  for (const { outputs } of ran.results) call.memory.hold(tensorBytes(outputs.values()));
  const rows = inOrder(
    ran.results.flatMap(({ outputs }) => readPredictions(model, outputs, 2)),
    ran.order,
  );
  const scored = rows.map((row, index) => ({ index, score: onlyScore(model, row) }));
  const best = scored.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, asked.topN);
  const results = best.map(({ index, score }) => {
    const document = asked.withDocuments ? `,"document":${JSON.stringify({ text: asked.documents[index] })}` : '';
    return `{"index":${index},"relevance_score":${formatFloat(score, false)}${document}}`;
  });
  const name = JSON.stringify(asked.model);
  const usage = JSON.stringify({ prompt_tokens: ran.tokens, total_tokens: ran.tokens });
  const body = Buffer.from(`{"model":${name},"results":[${results.join(',')}],"usage":${usage}}`);
  call.memory.hold(body.length);
  return { body, headers: jsonHeaders, report: reportOf(ran, performance.now() - ranMs) };
}

const expected =
  'expected a classifier of texts with one class, such as a cross-encoder; score pairs of others by POST /predictions/{model}';

function scoreOf({ name, config: { classification } }: ServableModel): ClassificationConfig {
  if (classification !== undefined) return classification;
  throw new AppError(
    'INVALID_INPUT',
    `Model '${name}' does not rank: its model.json has no "classification", ${expected}.`,
  );
}

function onlyScore({ name }: ServableModel, [first, second]: ReturnType<typeof readPredictions>[number]): number {
  if (first !== undefined && second === undefined) return Number(first.probability);
  throw new AppError('INVALID_INPUT', `Model '${name}' does not rank: it has several classes, ${expected}.`);
}
