import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { jsonOf } from '../../../support/http.js';
import { assertNear, idsOf, openModels, relevanceOf, texts, type Models } from './models.js';

interface Ranked {
  readonly model: string;
  readonly results: readonly { index: number; relevance_score: number; document?: { text: string } }[];
  readonly usage: { prompt_tokens: number; total_tokens: number };
}

describe('reranking', () => {
  let models: Models;
  before(async () => {
    models = await openModels();
  });
  after(() => models.stop());

  it('ranks documents by a classifier of one class, best first, as many as are asked for', async () => {
    const query = 'one model';
    const documents = [...texts, 'two of them'];
    const scores = documents.map((document) => relevanceOf(query, document));
    const order = scores.map((_, n) => n).sort((a, b) => scores[b]! - scores[a]! || a - b);
    for (const path of ['/v1/rerank', '/v2/rerank', '/openai/v1/rerank']) {
      const { model, results, usage } = jsonOf(
        await models.post(path, { model: 'ranker', query, documents }),
      ) as Ranked;
      assert.equal(model, 'ranker');
      assert.deepEqual(
        results.map(({ index }) => index),
        order,
      );
      assertNear(
        results.map((result) => result.relevance_score),
        order.map((n) => scores[n]!),
        path,
      );
      const tokenCount = documents.reduce((sum, text) => sum + idsOf([query, text]).length, 0);
      assert.deepEqual(usage, { prompt_tokens: tokenCount, total_tokens: tokenCount });
    }
    const asked = { model: 'ranker:1', query, documents: documents.map((text) => ({ text, title: 1 })) };
    const { results } = jsonOf(
      await models.post('/v1/rerank', { ...asked, top_n: 2, return_documents: true, rank_fields: ['text'] }),
    ) as Ranked;
    assert.deepEqual(
      results.map(({ index, document }) => [index, document]),
      order.slice(0, 2).map((n) => [n, { text: documents[n] }]),
    );
  });

  it('refuses to rank where there is no one score, and more text than it reads', async () => {
    const rank = (body: object) =>
      models.refusal('/v1/rerank', { model: 'ranker', query: 'a', documents: ['b'], ...body });
    assert.match(await rank({ model: 'embedder' }), /does not rank: its model\.json has no "classification"/);
    assert.match(await rank({ model: 'sentiment' }), /does not rank: it has several classes/);
    assert.match(await rank({ documents: [] }), /"documents" is empty/);
    assert.match(await rank({ documents: [{}] }), /number 1 has no "text"/);
    assert.match(await rank({ documents: [7] }), /must be a string/);
    assert.match(await rank({ documents: Array(1025).fill('a') }), /more than 1024 texts/);
    assert.match(await rank({ documents: null }), /"documents" is missing/);
    assert.match(await rank({ query: null }), /"query" is missing/);
    assert.match(await rank({ top_n: 0 }), /"top_n" must be/);
    assert.match(
      await rank({ query: 'a'.repeat(200_000), documents: Array(22).fill('b') }),
      /beyond the 4194304 characters of one request/,
    );
  });
});
