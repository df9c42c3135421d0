import { get, json, post, type Operation, type Part } from './operation.js';
import { object } from './schemas.js';

const text: Part = { type: 'string' };
const whole: Part = { type: 'integer', minimum: 0 };
const atLeastOne: Part = { type: 'integer', minimum: 1 };
const listOf = (items: Part): Part => ({ type: 'array', items });

const named: Part = { ...text, description: 'Name of a model, or name:version.' };
const usage = object({ prompt_tokens: whole, total_tokens: whole });
const listed = object({ id: text, object: text, created: whole, owned_by: text }, ['id', 'object']);

/** Models in OpenAI's form, as `/v1/models` has them beside the names. */
export const modelList = { object: text, data: listOf(listed) };

/** The body of a refusal on these paths. */
export const openAiError: Part = object(
  { error: object({ message: text, type: text, param: { type: ['string', 'null'] }, code: text }, ['message']) },
  ['error'],
);

const embeddingsBody = object(
  {
    model: named,
    input: {
      description: 'A text, texts, the token numbers of a text, or of several.',
      oneOf: [text, listOf(text), listOf(whole), listOf(listOf(whole))],
    },
    encoding_format: { type: 'string', enum: ['float', 'base64'] },
    dimensions: { ...atLeastOne, description: 'Where the model declares lengths that its vectors may be cut to.' },
  },
  ['model', 'input'],
);

const embedding = object({ object: text, index: whole, embedding: { type: ['array', 'string'] } });
const embeddingsAnswer = object({ object: text, data: listOf(embedding), model: text, usage });

const rerankBody = object(
  {
    model: named,
    query: text,
    documents: listOf({ oneOf: [text, object({ text }, ['text'])] }),
    top_n: atLeastOne,
    return_documents: { type: 'boolean' },
  },
  ['model', 'query', 'documents'],
);

const ranked = object({ index: whole, relevance_score: { type: 'number' }, document: object({ text }) });
const rerankAnswer = object({ model: text, results: listOf(ranked), usage });

const failures = [400, 404, 413, 415, 429, 503];
const embeddings = {
  tag: 'openai',
  summary: 'Texts in, vectors out, as OpenAI has it',
  body: json(embeddingsBody),
  answer: json(embeddingsAnswer),
  failures,
} as const;
const rerank = {
  tag: 'openai',
  summary: 'Documents by how well they fit a query, as Cohere and Jina have it',
  body: json(rerankBody),
  answer: json(rerankAnswer),
  failures,
} as const;

/** The paths of OpenAI's API and of those that resemble it. */
export const openAiOperations: readonly Operation[] = [
  post('/v1/embeddings', 'embeddings', embeddings),
  post('/v1/rerank', 'rerank', rerank),
  post('/v2/rerank', 'rerankV2', rerank),
  post('/openai/v1/embeddings', 'openaiEmbeddings', embeddings),
  post('/openai/v1/rerank', 'openaiRerank', rerank),
  get('/openai/v1/models', 'openaiModels', {
    tag: 'openai',
    summary: 'The ready models',
    answer: json(object(modelList)),
  }),
  get('/openai/v1/models/:model', 'openaiModel', {
    tag: 'openai',
    summary: 'A ready model',
    answer: json(listed),
    failures: [404, 503],
  }),
];
