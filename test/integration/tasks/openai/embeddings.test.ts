import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { jsonOf, send } from '../../../support/http.js';
import { size } from '../../../tasks/text/models.js';
import { assertNear, embeddingOf, folders, idsOf, maxLength, openModels, texts, type Models } from './models.js';

interface Embeddings {
  readonly object: string;
  readonly data: readonly { object: string; index: number; embedding: number[] | string }[];
  readonly model: string;
  readonly usage: { prompt_tokens: number; total_tokens: number };
}

describe('the API of OpenAI', () => {
  let models: Models;
  before(async () => {
    models = await openModels();
  });
  after(() => models.stop());

  const embed = async (body: object, path = '/v1/embeddings'): Promise<Embeddings> => {
    const answer = await models.post(path, { model: 'embedder', ...body });
    assert.equal(answer.status, 200, answer.body.toString());
    return jsonOf(answer) as Embeddings;
  };
  const vectors = async (body: object): Promise<number[][]> =>
    (await embed(body)).data.map(({ embedding }) => embedding as number[]);
  const refusal = (body: object) => models.refusal('/v1/embeddings', { model: 'embedder', ...body });

  it('embeds a text and a list of texts, with an index for each and the tokens that were read', async () => {
    const one = await embed({ input: 'a model', user: 'someone', unknown: [1, { a: 'b' }] });
    assert.deepEqual(
      { ...one, data: one.data.map(({ object, index }) => ({ object, index })) },
      {
        object: 'list',
        data: [{ object: 'embedding', index: 0 }],
        model: 'embedder',
        usage: { prompt_tokens: idsOf('a model').length, total_tokens: idsOf('a model').length },
      },
    );
    assertNear(one.data[0]!.embedding as number[], embeddingOf(idsOf('a model')), 'one');
    const many = await embed({ input: texts }, '/openai/v1/embeddings');
    const count = texts.reduce((sum, text) => sum + idsOf(text).length, 0);
    assert.deepEqual(many.usage, { prompt_tokens: count, total_tokens: count });
    texts.forEach((text, n) => {
      assert.equal(many.data[n]!.index, n);
      assertNear(many.data[n]!.embedding as number[], embeddingOf(idsOf(text)), text);
    });
  });

  it('takes token numbers as they are, one list or several of any lengths', async () => {
    const [list] = await vectors({ input: [7, 0, 1999] });
    assertNear(list!, embeddingOf([7, 0, 1999]), 'one list');
    const lists = [[5], Array.from({ length: maxLength }, (_, n) => n), [1, 2, 3, 4, 5, 6, 7, 8, 9]];
    const answer = await embed({ input: lists });
    assert.equal(answer.usage.prompt_tokens, 1 + maxLength + 9);
    lists.forEach((ids, n) => assertNear(answer.data[n]!.embedding as number[], embeddingOf(ids), String(ids)));
    assert.match(
      await refusal({ input: [Array(maxLength + 1).fill(1)] }),
      /list of 33 token numbers is too long: expected at most 32/,
    );
  });

  it('writes vectors as base64 of FP32 where that is asked for, the same numbers as in a list', async () => {
    const lists = await vectors({ input: texts, encoding_format: 'float' });
    const { data } = await embed({ input: texts, encoding_format: 'base64' });
    data.forEach(({ embedding }, n) => {
      const bytes = Buffer.from(embedding as string, 'base64');
      assert.deepEqual(
        Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4)),
        lists[n],
      );
    });
  });

  it('cuts vectors to the dimensions that the model declares, and makes them one long again', async () => {
    for (const [model, dimensions] of [
      ['matryoshka', 1],
      ['matryoshka', 3],
      ['any-size', 2],
      ['embedder', size],
      ['matryoshka', size],
    ] as const) {
      const cut = await vectors({ model, input: texts, dimensions });
      texts.forEach((text, n) => assertNear(cut[n]!, embeddingOf(idsOf(text), dimensions), `${model} ${dimensions}`));
    }
    assert.match(
      await refusal({ input: 'a', dimensions: 2 }),
      /"dimensions" is 2 for model 'embedder': its vectors are not cut, since its model\.json has no embedding\.dimensions/,
    );
    assert.match(await refusal({ model: 'matryoshka', input: 'a', dimensions: 2 }), /expected 1, 3, 4\./);
    assert.match(await refusal({ model: 'any-size', input: 'a', dimensions: 5 }), /expected up to 4\./);
    assert.match(await refusal({ model: 'any-size', input: 'a', dimensions: 1.5 }), /whole number of 1 or more/);
    assert.match(await refusal({ model: 'any-size', input: 'a', dimensions: 0 }), /whole number of 1 or more/);
  });

  it('finds a model by name, or by name and version, and answers with what was asked for', async () => {
    assert.equal((await embed({ model: 'embedder:1', input: 'a' })).model, 'embedder:1');
    for (const model of ['embedder:2', 'nobody', 'nobody:1']) {
      const { status, message, ...error } = await models.failure('/v1/embeddings', { model, input: 'a' });
      assert.equal(status, 404, message);
      assert.deepEqual(error, { type: 'invalid_request_error', param: 'model', code: 'model_not_found' });
    }
  });

  it('lists models beside the members of the other protocols, and below /openai alone', async () => {
    const get = async (path: string) => jsonOf(await send(models.url, { path, headers: models.headers }));
    const names = Object.keys(folders).sort();
    const both = (await get('/v1/models')) as { models: string[]; object: string; data: { id: string }[] };
    assert.deepEqual([both.models, both.object], [names, 'list']);
    const { data, ...rest } = (await get('/openai/v1/models')) as { data: { id: string; created: number }[] };
    assert.deepEqual(rest, { object: 'list' });
    assert.deepEqual(both.data, data);
    assert.deepEqual(
      data.map(({ id }) => id),
      names,
    );
    const own = { id: 'ranker', object: 'model', created: data[0]!.created, owned_by: 'slipway' };
    assert.deepEqual(await get('/openai/v1/models/ranker'), own);
    assert.ok(Number.isInteger(own.created) && Math.abs(own.created - Date.now() / 1000) < 86_400);
    const status = (await get('/v1/models/ranker')) as Record<string, unknown>;
    assert.deepEqual([status['id'], status['object'], status['ready']], ['ranker', 'model', true]);
  });

  it('refuses with errors of the form that its clients read, on its paths alone', async () => {
    const stranger = await send(models.url, { path: '/v1/embeddings', body: '{}', headers: {} });
    assert.equal(stranger.status, 401);
    const { error } = jsonOf(stranger) as { error: { code: string } };
    assert.equal(error.code, 'invalid_api_key');
    const got = await send(models.url, { path: '/v1/embeddings', headers: models.headers });
    assert.equal(got.status, 405);
    assert.equal((jsonOf(got) as { error: { code: string } }).error.code, 'method_not_allowed');
    assert.equal(
      typeof (jsonOf(await models.post('/v1/models/nobody:predict', '{}')) as { error: unknown }).error,
      'string',
    );
    assert.match(await refusal({}), /"input" is missing/);
    assert.match((await models.failure('/v1/embeddings', { input: 'a' })).message, /"model" is missing/);
    assert.match((await models.failure('/v1/embeddings', '')).message, /no body/);
    assert.match(await refusal({ input: '' }), /"input" is empty/);
    assert.match(await refusal({ input: [] }), /"input" is empty/);
    assert.match(await refusal({ input: ['a', ''] }), /number 2 is empty/);
    assert.match(await refusal({ input: [[]] }), /number 1 is an empty list/);
    assert.match(await refusal({ input: ['a', 7] }), /elements of several kinds/);
    assert.match(await refusal({ input: [7, 'a'] }), /elements of several kinds/);
    assert.match(await refusal({ input: [-1] }), /expected a whole one from 0 to 2147483647/);
    assert.match(await refusal({ input: [2 ** 31] }), /expected a whole one/);
    assert.match(await refusal({ input: [[1.5]] }), /expected a whole one/);
    assert.match(await refusal({ input: [true] }), /must be a text, a list of texts/);
    assert.match(await refusal({ input: { a: 1 } }), /must be an array/);
    assert.match(await refusal({ input: Array(2049).fill('a') }), /more than 2048 texts/);
    assert.match(await refusal({ input: Array(65_537).fill(1) }), /more than 65536 token numbers/);
    assert.match(await refusal({ input: 'a'.repeat(262_145) }), /more than the 262144 of one text/);
    assert.match(await refusal({ input: 'a', encoding_format: 'int8' }), /must be "float" or "base64"/);
    assert.match(await refusal({ model: 'sentiment', input: 'a' }), /'sentiment' makes no embeddings/);
    assert.match(
      (await models.failure('/v1/embeddings', '{"model":"embedder","input":"a","input":"b"}')).message,
      /'input'.* twice|twice/,
    );
    assert.equal((await embed({ input: Array<string>(2048).fill('a') })).data.length, 2048);
  });

  it('answers a token number that the model does not have with 400', async () => {
    assert.equal((await models.failure('/v1/embeddings', { model: 'embedder', input: [2000] })).status, 400);
  });
});
