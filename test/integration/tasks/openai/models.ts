import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeOnnx, type Graph } from '../../../../src/model/onnx/writer.js';
import { openTokenizer } from '../../../../src/tasks/text/tokenizer.js';
import { openTestServer } from '../../../support/server.js';
import { classifier, size, table, tokenVectors } from '../../../tasks/text/models.js';
import { tokenizerJson, tokenizerOf } from '../../../tasks/text/fixtures.js';
import { jsonOf, send } from '../../../support/http.js';

export const maxLength = 32;
const tokenizer = openTokenizer(tokenizerOf('wordpiece'));
type Text = string | readonly [string, string];

const vectorOf = (id: number, type = 0) => Array.from({ length: size }, (_, i) => table[id * size + i]! + type);
const sumOf = (vectors: readonly number[][]) =>
  Array.from({ length: size }, (_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0));
const unitOf = (vector: readonly number[]) => vector.map((value) => value / Math.hypot(...vector));

/** The mean of token vectors as its definition has it; `count` of its numbers, one long. */
export const embeddingOf = (ids: readonly number[], count = size) =>
  unitOf(
    sumOf(ids.map((id) => vectorOf(id)))
      .map((sum) => sum / ids.length)
      .slice(0, count),
  );
export const idsOf = (text: Text) => [...tokenizer.encode(text, maxLength).ids];

/** The first number of the sum of a pair's token vectors, as a probability. */
export function relevanceOf(query: string, document: string): number {
  const { ids, types } = tokenizer.encode([query, document], maxLength);
  const [logit = 0] = sumOf(ids.map((id, n) => vectorOf(id, types[n])));
  return 1 / (1 + Math.exp(-logit));
}

export function assertNear(own: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(own.length, expected.length, what);
  own.forEach((value, n) =>
    assert.ok(Math.abs(value - expected[n]!) < 1e-5, `${what}: ${String(own)} instead of ${String(expected)}`),
  );
}

/** The first of the classifier's numbers alone. */
const scorer: Graph = {
  ...classifier,
  name: 'scorer',
  outputs: [{ name: 'score', datatype: 'FP32', shape: ['batch', 1] }],
  nodes: [...classifier.nodes, { op: 'Slice', inputs: ['logits', 'zero', 'one', 'one'], outputs: ['score'] }],
  initializers: [
    ...classifier.initializers!,
    { name: 'zero', datatype: 'INT64', shape: [1], data: BigInt64Array.of(0n) },
  ],
};

const tokens = {
  'tokenizer.json': tokenizerJson('wordpiece'),
  'tokenizer_config.json': `{"model_max_length":${maxLength},"pad_token":"[PAD]"}`,
};
const modules = JSON.stringify(['Transformer', 'Pooling', 'Normalize'].map((type) => ({ type: `st.${type}` })));
const mean = { embedding: { output: 'last_hidden_state', pooling: 'mean', normalize: true } };
export const folders: Readonly<Record<string, Readonly<Record<string, string | Uint8Array>>>> = {
  embedder: { ...tokens, '1/model.onnx': writeOnnx(tokenVectors), 'model.json': JSON.stringify(mean) },
  matryoshka: {
    ...tokens,
    'model.onnx': writeOnnx(tokenVectors),
    'config.json': JSON.stringify({ matryoshka_dimensions: [1, 3] }),
    'modules.json': modules,
    '1_Pooling/config.json': JSON.stringify({ word_embedding_dimension: size, pooling_mode_mean_tokens: true }),
  },
  'any-size': {
    ...tokens,
    'model.onnx': writeOnnx(tokenVectors),
    'model.json': JSON.stringify({ embedding: { ...mean.embedding, dimensions: 'any' } }),
  },
  sentiment: {
    ...tokens,
    'model.onnx': writeOnnx(classifier),
    'model.json': '{"classification":{"output":"logits"}}',
  },
  ranker: {
    ...tokens,
    'model.onnx': writeOnnx(scorer),
    'model.json': '{"classification":{"output":"score","activation":"sigmoid"}}',
  },
};

const long =
  'the server answers each request with the device that computed it, and says so in every answer that it sends to a client of any kind at all';
/** From three tokens to beyond the most. */
export const texts = ['a model', long, 'batching: rows wait', 'Ünïcode 東京 🙂', 'a model'];

/** A server with all of them, which asks for a key, and calls to it. */
export async function openModels() {
  const root = await mkdtemp(join(tmpdir(), 'slipway-openai-'));
  for (const [model, files] of Object.entries(folders)) {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, model, path)), { recursive: true });
      await writeFile(join(root, model, path), content);
    }
  }
  const key = 'k'.repeat(32);
  const opened = await openTestServer({ folder: root, keys: [key] });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const post = (path: string, body: unknown) =>
    send(opened.url, { path, headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  const failure = async (path: string, body: unknown) => {
    const answer = await post(path, body);
    const { error } = jsonOf(answer) as {
      error: { message: string; type: string; param: string | null; code: string };
    };
    return { status: answer.status, ...error };
  };
  /** Why a request is refused with 400. */
  const refusal = async (path: string, body: unknown): Promise<string> => {
    const { status, message } = await failure(path, body);
    assert.equal(status, 400, message);
    return message;
  };
  const stop = async () => {
    await opened.stop();
    await rm(root, { recursive: true });
  };
  return { url: opened.url, headers, post, failure, refusal, stop };
}

/** That server. */
export type Models = Awaited<ReturnType<typeof openModels>>;
