import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findConfig } from '../../../src/model/found/find-config.js';
import type { ModelJson } from '../../../src/model/config-schema.js';
import { headerOf, value, type Dim } from '../headers.js';

function find(
  files: Readonly<Record<string, object>>,
  more: {
    readonly output?: readonly [string, readonly Dim[]];
    readonly inputs?: readonly string[];
    readonly json?: ModelJson;
  } = {},
) {
  const {
    output: [name, shape] = ['last_hidden_state', [null, null, 4]],
    inputs = ['input_ids', 'attention_mask'],
    json = {},
  } = more;
  const header = headerOf(
    inputs.map((input) => value(input, [null, null], 'INT64')),
    [value(name, shape)],
  );
  const companions = new Map(
    Object.entries({ 'tokenizer.json': {}, ...files }).map(([file, content]) => [file, JSON.stringify(content)]),
  );
  return findConfig(json, { header, companions });
}

const modulesOf = (...names: readonly string[]) =>
  names.map((name) => ({ type: `sentence_transformers.models.${name}` }));
const mean = { word_embedding_dimension: 4, pooling_mode_mean_tokens: true, pooling_mode_cls_token: false };
const sequence = { architectures: ['RobertaForSequenceClassification'], id2label: { 0: 'a', 1: 'b' } };
const logits = { output: ['logits', [null, 2]] } as const;

describe('texts found beside a model', () => {
  it('are classified by the labels that transformers gives where config.json names none', () => {
    const { classification } = find({ 'config.json': { architectures: sequence.architectures } }, logits).json;
    assert.deepEqual(classification?.labels, ['LABEL_0', 'LABEL_1']);
  });

  it('have the most tokens that the first file says, and no more than the model has positions', () => {
    const lengthOf = (files: Readonly<Record<string, object>>) => find(files).json.text?.maxLength;
    const bert = { 'sentence_bert_config.json': { max_seq_length: 256 } };
    const settings = { 'tokenizer_config.json': { model_max_length: 384 } };
    assert.equal(lengthOf({ ...bert, ...settings }), 256);
    assert.equal(lengthOf({ ...settings, 'tokenizer.json': { truncation: { max_length: 128 } } }), 384);
    assert.equal(lengthOf({ 'tokenizer.json': { truncation: { max_length: 128 } } }), 128);
    assert.equal(lengthOf({ 'tokenizer_config.json': { model_max_length: 1e30 } }), 512);
    assert.equal(lengthOf({ ...settings, 'config.json': { max_position_embeddings: 300 } }), 300);
    assert.equal(
      lengthOf({ 'config.json': { model_type: 'xlm-roberta', pad_token_id: 1, max_position_embeddings: 514 } }),
      512,
    );
  });

  it('become embeddings as the modules say, and others are reported and not used', () => {
    const of = (names: readonly string[], pooling: object, more = {}) =>
      find({ 'modules.json': modulesOf(...names), '1_Pooling/config.json': pooling }, more);
    const all = ['Transformer', 'Pooling', 'Normalize'];
    assert.deepEqual(of(all, mean).json.embedding, { output: 'last_hidden_state', pooling: 'mean', normalize: true });
    assert.equal(of(all.slice(0, 2), mean).json.embedding?.normalize, false);
    assert.equal(of(all, { pooling_mode_cls_token: true }).json.embedding?.pooling, 'cls');
    const pooled = { output: ['sentence_embedding', [null, 4]] };
    assert.equal(of(['Transformer', 'Dense'], mean, pooled).json.embedding?.pooling, 'none');
    for (const [names, pooling, message] of [
      [['Transformer', 'Pooling', 'Dense'], mean, /its module Dense is not supported/],
      [all, { pooling_mode_lasttoken: true }, /pooling_mode_lasttoken, expected one of/],
      [all, { ...mean, pooling_mode_max_tokens: true }, /mean_tokens and pooling_mode_max_tokens/],
      [all, { ...mean, word_embedding_dimension: 8 }, /no output of token vectors \[N,tokens,8\]/],
    ] as const) {
      const { json, notes } = of(names, pooling);
      assert.equal(json.embedding, undefined);
      assert.match(notes.join(), message);
    }
  });

  it('become embeddings as later versions of sentence-transformers write their pooling', () => {
    const modules = ['base.modules.transformer.Transformer', 'sentence_transformer.modules.pooling.Pooling'];
    const of = (pooling: object) =>
      find({
        'modules.json': modules.map((name) => ({ type: `sentence_transformers.${name}` })),
        '1_Pooling/config.json': pooling,
      });
    const poolingOf = (file: object) => of({ embedding_dimension: 4, ...file }).json.embedding?.pooling;
    assert.equal(poolingOf({ pooling_mode: 'mean', include_prompt: true }), 'mean');
    assert.equal(poolingOf({ pooling_mode: 'cls' }), 'cls');
    assert.equal(poolingOf({ pooling_mode: ['max'] }), 'max');
    assert.equal(poolingOf({}), 'mean');
    assert.equal(poolingOf({ pooling_mode_cls_token: false, pooling_mode_mean_tokens: false }), 'mean');
    for (const [file, message] of [
      [{ embedding_dimension: 4, pooling_mode: 'lasttoken' }, /is lasttoken, expected one of mean, cls, max/],
      [{ embedding_dimension: 4, pooling_mode: ['cls', 'mean'] }, /is cls and mean, expected/],
      [{ embedding_dimension: 4, pooling_mode: null }, /is null, expected/],
      [{ embedding_dimension: 4, pooling_mode: 'toString' }, /is toString, expected/],
      [{ embedding_dimension: 8, pooling_mode: 'mean' }, /no output of token vectors \[N,tokens,8\]/],
    ] as const) {
      const { json, notes } = of(file);
      assert.equal(json.embedding, undefined);
      assert.match(notes.join(), message);
    }
  });

  it('become classes where the modules of sentence-transformers are those of a cross-encoder', () => {
    const modules = { 'modules.json': [{ type: 'sentence_transformers.base.modules.transformer.Transformer' }] };
    const { classification, embedding } = find({ ...modules, 'config.json': sequence }, logits).json;
    assert.deepEqual([classification?.labels, embedding], [['a', 'b'], undefined]);
    assert.match(find(modules).notes.join(), /the pooling of 1_Pooling\/config.json is not there/);
  });

  it('are told what they have to begin with, where sentence-transformers puts it before them', () => {
    const notesOf = (file: object) =>
      find({
        'modules.json': modulesOf('Transformer', 'Pooling'),
        '1_Pooling/config.json': mean,
        'config_sentence_transformers.json': file,
      }).notes.join();
    const prompts = { query: 'query: "', document: '' };
    assert.match(
      notesOf({ prompts, default_prompt_name: 'query' }),
      /begins every text with "query: \\"", which is not/,
    );
    for (const silent of [
      { prompts },
      { prompts, default_prompt_name: null },
      { prompts, default_prompt_name: 'document' },
      {},
    ])
      assert.doesNotMatch(notesOf(silent), /begins every text/);
  });

  it('become embeddings that may be cut where config.json says to which lengths', () => {
    const dimensionsOf = (config: object) =>
      find({
        'config.json': config,
        'modules.json': modulesOf('Transformer', 'Pooling'),
        '1_Pooling/config.json': mean,
      }).json.embedding?.dimensions;
    assert.deepEqual(dimensionsOf({ matryoshka_dimensions: [2, 1] }), [2, 1]);
    assert.equal(dimensionsOf({ is_matryoshka: true }), 'any');
    assert.deepEqual(dimensionsOf({ is_matryoshka: true, matryoshka_dimensions: [2] }), [2]);
    for (const wrong of [[], [0], [1.5], ['2'], 2, Array(65).fill(2)])
      assert.equal(dimensionsOf({ matryoshka_dimensions: wrong }), undefined);
    assert.equal(find({ 'config.json': { is_matryoshka: true } }).json.embedding, undefined);
  });

  it('become classes with the activation of the problem', () => {
    const activationOf = (more: object) =>
      find({ 'config.json': { ...sequence, ...more } }, logits).json.classification?.activation;
    assert.equal(activationOf({}), 'softmax');
    assert.equal(activationOf({ problem_type: 'multi_label_classification' }), 'sigmoid');
    assert.equal(activationOf({ problem_type: 'regression' }), 'none');
    const one = find({ 'config.json': { ...sequence, id2label: { 0: 'a' } } }, { output: ['logits', [null, 1]] });
    assert.equal(one.json.classification?.activation, 'sigmoid');
    assert.match(find({ 'config.json': sequence }, { output: ['logits', [null, 3]] }).notes.join(), /2 labels, but/);
  });

  it('give way to model.json key by key, and are not used where the model needs more than tokens', () => {
    const { json } = find({}, { json: { text: { maxLength: 9 }, embedding: { pooling: 'max' } } });
    assert.deepEqual(json, { text: { maxLength: 9 }, embedding: { pooling: 'max' } });
    const more = find({}, { inputs: ['input_ids', 'position_ids'] });
    assert.deepEqual(more.json, {});
    assert.match(more.notes.join(), /None of it is used: .*needs input 'position_ids'/);
  });
});
