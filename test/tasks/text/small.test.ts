import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTokenizerFile } from '../../../src/model/tokenizer-file.js';
import { openTokenizer } from '../../../src/tasks/text/tokenizer.js';

interface Case {
  readonly name: string;
  readonly file: object;
  readonly rows: readonly (readonly [text: string, ids: readonly number[]])[];
}

/** Tokenizers of a few words; the numbers are those of PyPI's `tokenizers` 0.23.3. */
const cases: readonly Case[] = [
  {
    name: 'counts characters beyond the basic plane as one each where words have a fixed length',
    file: {
      pre_tokenizer: { type: 'FixedLength', length: 2 },
      model: { type: 'WordLevel', vocab: { '?': 0, 'a😀': 1, bc: 2, d: 3, '😀😀': 4 }, unk_token: '?' },
    },
    rows: [
      ['a😀bcd', [1, 2, 3]],
      ['😀😀😀', [4, 0]],
      ['a😀b', [1, 0]],
    ],
  },
  {
    name: 'leaves a text whole where Metaspace does not split it',
    file: {
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never', split: false },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: '?',
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: { '?': 0, '▁': 1, a: 2, b: 3, 'a▁': 4, 'a▁b': 5, '▁▁': 6 },
        merges: [
          ['▁', '▁'],
          ['a', '▁'],
          ['a▁', 'b'],
        ],
      },
    },
    rows: [
      ['a b', [5]],
      ['a  b', [2, 6, 3]],
      ['b a ba b', [3, 1, 5, 5]],
    ],
  },
  {
    name: 'splits it elsewhere',
    file: {
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never', split: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: '?',
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: { '?': 0, '▁': 1, a: 2, b: 3, 'a▁': 4, 'a▁b': 5, '▁▁': 6 },
        merges: [
          ['▁', '▁'],
          ['a', '▁'],
          ['a▁', 'b'],
        ],
      },
    },
    rows: [
      ['a b', [2, 1, 3]],
      ['a  b', [2, 1, 1, 3]],
      ['b a ba b', [3, 1, 2, 1, 3, 2, 1, 3]],
    ],
  },
  {
    name: 'makes no words of added tokens',
    file: {
      added_tokens: [
        { id: 4, content: 'ab', single_word: true, lstrip: false, rstrip: false, normalized: false, special: false },
      ],
      pre_tokenizer: { type: 'Whitespace' },
      model: {
        type: 'WordPiece',
        unk_token: '?',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: { '?': 0, a: 1, '##b': 2, '##c': 3 },
      },
    },
    rows: [
      ['abc ab', [1, 2, 3, 4]],
      ['ab', [4]],
      ['abb', [1, 2, 2]],
    ],
  },
  {
    name: 'takes no normalised text for a token that is to be found as it is written',
    file: {
      added_tokens: [
        { id: 3, content: '[x]', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
      ],
      normalizer: { type: 'Lowercase' },
      model: { type: 'WordLevel', vocab: { '?': 0, x: 1, y: 2 }, unk_token: '?' },
    },
    rows: [
      ['[X]', [0]],
      ['[x]', [3]],
      ['[x]x[X]', [3, 0]],
    ],
  },
  {
    name: 'keeps a word apart from an added token that becomes the same text',
    file: {
      added_tokens: [
        { id: 3, content: '3', single_word: false, lstrip: false, rstrip: false, normalized: true, special: false },
      ],
      normalizer: { type: 'Replace', pattern: { Regex: '\\d' }, content: '-' },
      pre_tokenizer: { type: 'Split', pattern: { String: 'a' }, behavior: 'Isolated', invert: false },
      model: { type: 'WordLevel', vocab: { '?': 0, '-': 1, a: 2 }, unk_token: '?' },
    },
    rows: [
      ['3', [3]],
      ['a-a', [2, 3, 2]],
      ['a4a', [2, 3, 2]],
      ['a', [2]],
    ],
  },
  {
    name: 'takes a dollar of a replacement for one',
    file: {
      normalizer: { type: 'Replace', pattern: { String: 'a' }, content: '$&' },
      pre_tokenizer: { type: 'Split', pattern: { String: 'b' }, behavior: 'Isolated', invert: false },
      model: { type: 'WordLevel', vocab: { '?': 0, '$&': 1, $1: 2, b: 3 }, unk_token: '?' },
    },
    rows: [
      ['a', [1]],
      ['ab', [1, 3]],
      ['ba', [3, 1]],
    ],
  },
  {
    name: 'merges over characters that no token stands for',
    file: {
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: { a: 0, b: 1, ab: 2 },
        merges: [['a', 'b']],
      },
    },
    rows: [
      ['axb', [2]],
      ['xaxbx', [2]],
      ['ba', [1, 0]],
      ['axxxb', [2]],
    ],
  },
  {
    name: 'merges them not where one does',
    file: {
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: '?',
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: { '?': 0, a: 1, b: 2, ab: 3 },
        merges: [['a', 'b']],
      },
    },
    rows: [
      ['axb', [1, 0, 2]],
      ['xaxbx', [0, 1, 0, 2, 0]],
      ['ab', [3]],
    ],
  },
  {
    name: 'falls back to bytes before it leaves out',
    file: {
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: true,
        ignore_merges: false,
        vocab: { a: 0, b: 1, ab: 2, '<0x78>': 3 },
        merges: [['a', 'b']],
      },
    },
    rows: [
      ['axb', [0, 3, 1]],
      ['aéb', [2]],
      ['xéa', [3, 0]],
    ],
  },
  {
    name: 'drops a token whose spaces the one before has taken',
    file: {
      added_tokens: [
        { id: 2, content: '\n', single_word: false, lstrip: true, rstrip: true, normalized: false, special: false },
        { id: 3, content: '_', single_word: false, lstrip: false, rstrip: true, normalized: false, special: false },
      ],
      pre_tokenizer: { type: 'WhitespaceSplit' },
      model: { type: 'WordLevel', vocab: { '?': 0, a: 1 }, unk_token: '?' },
    },
    rows: [
      ['\n\n a', [2, 1]],
      ['a \n \n a', [1, 2, 1]],
      ['_ \n_ a', [3, 3, 1]],
      ['_  a', [3, 1]],
    ],
  },
  {
    // The reference no longer reads this setting; before `prepend_scheme` it meant that nothing is put before a text.
    name: 'knows the setting that Metaspace had before prepend_scheme',
    file: {
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', add_prefix_space: false },
      model: { type: 'WordLevel', vocab: { '?': 0, '▁a': 1, a: 2, '▁b': 3 }, unk_token: '?' },
    },
    rows: [
      ['a b', [2, 3]],
      ['b a', [0, 1]],
      [' a', [1]],
    ],
  },
];

describe('tokenizers of a few words', () => {
  for (const { name, file, rows } of cases) {
    it(name, () => {
      const tokenizer = openTokenizer(parseTokenizerFile(new Map([['tokenizer.json', JSON.stringify(file)]])));
      for (const [text, ids] of rows) {
        assert.deepEqual([...tokenizer.encode(text, 100).ids], ids, JSON.stringify(text));
      }
    });
  }
});
