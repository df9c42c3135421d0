import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTokenizerFile } from '../../../src/model/tokenizer-file.js';
import { openTokenizer } from '../../../src/tasks/text/tokenizer.js';

describe('tokenizers of sentence-transformers', () => {
  it('make texts lower case where sentence_bert_config.json says so, before their own normalizer', () => {
    const words = { type: 'WordLevel', vocab: { '?': 0, straße: 1, école: 2, ecole: 3, École: 4 }, unk_token: '?' };
    const pre_tokenizer = { type: 'WhitespaceSplit' };
    const text = 'STRASSE École Straße ÉCOLE école';
    const idsOf = (normalizer: object | null, settings: object): readonly number[] => {
      const files = {
        'tokenizer.json': { normalizer, pre_tokenizer, model: words },
        'sentence_bert_config.json': settings,
      };
      const companions = new Map(Object.entries(files).map(([name, file]) => [name, JSON.stringify(file)]));
      return openTokenizer(parseTokenizerFile(companions)).encode(text, 100).ids;
    };
    const unaccent = { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'StripAccents' }] };
    assert.deepEqual(idsOf(null, { max_seq_length: 9, do_lower_case: false }), [0, 4, 0, 0, 2]);
    assert.deepEqual(idsOf(null, { do_lower_case: true }), [0, 2, 1, 2, 2]);
    assert.deepEqual(idsOf({ type: 'Lowercase' }, { do_lower_case: true }), [0, 2, 1, 2, 2]);
    assert.deepEqual(idsOf({ type: 'NFC' }, { do_lower_case: true }), [0, 2, 1, 2, 2]);
    assert.deepEqual(idsOf(unaccent, { do_lower_case: true }), [0, 3, 1, 3, 3]);
    assert.deepEqual(idsOf(unaccent, { do_lower_case: 'true' }), [0, 0, 0, 0, 3]);
  });
});
