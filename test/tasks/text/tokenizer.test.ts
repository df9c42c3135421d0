import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTokenizerFile } from '../../../src/model/tokenizer-file.js';
import { openTokenizer } from '../../../src/tasks/text/tokenizer.js';
import { kinds, recorded, recordedFamilies, tokenizerOf } from './fixtures.js';

describe('tokenizer', () => {
  for (const kind of kinds) {
    it(`gives the numbers and types of the reference, whole and cut: ${kind}`, () => {
      const tokenizer = openTokenizer(tokenizerOf(kind));
      const { whole, types, cut } = recorded.ids[kind];
      assert.ok(recorded.texts.length >= 300 && cut.filter((ids) => ids !== null).length > 50);
      recorded.texts.forEach((text, n) => {
        const own = tokenizer.encode(text, 100_000);
        assert.deepEqual(own.ids, whole[n], JSON.stringify(text));
        assert.equal(own.types.indexOf(1), types[n], JSON.stringify(text));
        assert.deepEqual(tokenizer.encode(text, recorded.maxLength).ids, cut[n] ?? whole[n], JSON.stringify(text));
      });
    });
  }

  const { texts, families } = recordedFamilies;
  for (const [name, { tokenizer: file, ids, types }] of Object.entries(families)) {
    it(`gives the numbers and types of the reference for tokenizers of its kind: ${name}`, () => {
      const tokenizer = openTokenizer(parseTokenizerFile(new Map([['tokenizer.json', JSON.stringify(file)]])));
      texts.forEach((text, n) => {
        assert.deepEqual(tokenizer.encode(text, 100_000), { ids: ids[n], types: types[n] }, JSON.stringify(text));
      });
    });
  }

  it('refuses more than 1000 combining characters in a row where texts are normalised', () => {
    const encode = (kind: 'wordpiece' | 'bpe', text: string | [string, string]) =>
      openTokenizer(tokenizerOf(kind)).encode(text, 100);
    const most = `a${'\u0301\u0316'.repeat(500)}b`;
    assert.equal(encode('wordpiece', most).ids.length > 2, true);
    const tooMany = {
      code: 'INVALID_INPUT',
      message: /1002 combining characters in a row, from character 1 on\. Expected at most 1000/,
    };
    assert.throws(() => encode('wordpiece', `a${'\u0301\u0316'.repeat(501)}b`), tooMany);
    assert.throws(() => encode('wordpiece', ['a', `b${'\uff9e\u0301'.repeat(501)}`]), tooMany);
    assert.equal(encode('bpe', `a${'\u0301\u0316'.repeat(501)}b`).ids.length, 100);
  });

  it('takes ideographs beyond the basic plane for words, and U+FEFF for no space', () => {
    const words = openTokenizer(tokenizerOf('wordpiece')).encode('a\u{20001}\u{20002}b', 100);
    assert.equal(words.ids.length, 6);
    const { ids } = openTokenizer(tokenizerOf('bpe')).encode('the \ufeff', 100);
    assert.notDeepEqual(ids, openTokenizer(tokenizerOf('bpe')).encode('the  ', 100).ids);
  });

  it('cuts from the left where its settings say so', () => {
    const right = openTokenizer(tokenizerOf('wordpiece')).encode('the model has one input', 5).ids;
    const left = openTokenizer(tokenizerOf('wordpiece', { truncation_side: 'left' })).encode(
      'the model has one input',
      5,
    ).ids;
    const whole = openTokenizer(tokenizerOf('wordpiece')).encode('the model has one input', 100).ids;
    assert.deepEqual(right, [...whole.slice(0, 4), ...whole.slice(-1)]);
    assert.deepEqual(left, [...whole.slice(0, 1), ...whole.slice(-4)]);
  });

  it('is refused where its file is none, or of a kind that is not known', () => {
    const open = (text: string) => openTokenizer(parseTokenizerFile(new Map([['tokenizer.json', text]])));
    assert.throws(() => open('[]'), /tokenizer\.json is not a JSON object/);
    assert.throws(() => open('{"model":{"type":"Other"}}'), /tokenizer\.json cannot be used/);
    assert.throws(() => parseTokenizerFile(new Map()), /there is no tokenizer\.json/);
  });
});
