import {
  BPE,
  BertNormalizer,
  BertPreTokenizer,
  ByteLevelPreTokenizer,
  DigitsPreTokenizer,
  FixedLengthPreTokenizer,
  LowercaseNormalizer,
  MetaspacePreTokenizer,
  PrecompiledNormalizer,
  PunctuationPreTokenizer,
  ReplaceNormalizer,
  SplitPreTokenizer,
  StripNormalizer,
  Unigram,
  WhitespacePreTokenizer,
  WhitespaceSplitPreTokenizer,
  type BpeModel,
  type DivideOptions,
  type LibraryTokenizer,
  type Step,
} from './library.js';
import { charsMap } from './chars-map.js';
import { trimEnd, trimStart } from './split.js';
import { bytesOf, unigramEncoder, type UnigramSettings } from './unigram.js';
import { splitWords } from './words.js';

/** The model of tokenizer.json as far as the library does not read it, or not as the reference does. */
interface ModelSettings {
  readonly type?: unknown;
  readonly unk_token?: string | null;
  readonly unk_id?: number | null;
  readonly continuing_subword_prefix?: string | null;
  readonly byte_fallback?: boolean;
  readonly vocab?: UnigramSettings['vocab'] | Readonly<Record<string, number>>;
}

/** The same of the whole file. */
export interface TokenizerSettings {
  readonly normalizer?: StepConfig | null;
  readonly pre_tokenizer?: StepConfig | null;
  readonly model?: ModelSettings;
}

/** Makes version 0.2.0 do as the reference does. Throws for what it cannot. */
export function repair(tokenizer: LibraryTokenizer, settings: TokenizerSettings): void {
  for (const [step, config] of stepsOf(tokenizer.normalizer, settings.normalizer, 'normalizers'))
    repairNormalizer(step, config);
  for (const [step, config] of stepsOf(tokenizer.pre_tokenizer, settings.pre_tokenizer, 'tokenizers'))
    repairPreTokenizer(step, config);
  repairModel(tokenizer, settings.model ?? {});
}

function repairModel({ model, added_tokens: added }: LibraryTokenizer, settings: ModelSettings): void {
  const { type, vocab = {}, unk_token: unknown } = settings;
  if (type === 'BPE' && (settings.continuing_subword_prefix ?? '') !== '') {
    throw new Error('a BPE with a continuing_subword_prefix is not supported');
  }
  // Added tokens stand beside the vocabulary: words are not made of them.
  const own = new Set(isPieces(vocab) ? vocab.map(([piece]) => piece) : Object.keys(vocab));
  for (const { content } of added) if (!own.has(content)) model.tokens_to_ids.delete(content);
  if (type === 'WordLevel') model.unk_token_id = model.tokens_to_ids.get(String(unknown));
  if (model instanceof BPE && (unknown ?? null) === null) leaveOutUnknown(model, settings.byte_fallback === true);
  if (model instanceof Unigram && isPieces(vocab)) {
    const encode = unigramEncoder(model, { ...settings, vocab });
    model._call = (words) => words.flatMap(encode);
  } else {
    // Unknown tokens of two words are not joined.
    const call = model._call.bind(model);
    model._call = (words) => words.flatMap((word) => call([word]));
  }
}

const isPieces = (vocab: object): vocab is UnigramSettings['vocab'] => Array.isArray(vocab);

/** Characters that are not in the vocabulary, where no token stands for them, are gone before others are merged. */
function leaveOutUnknown(model: BpeModel, hasBytes: boolean): void {
  const own = model.bpe.bind(model);
  const isKnown = (char: string): boolean =>
    model.tokens_to_ids.has(char) || (hasBytes && bytesOf(char, model.tokens_to_ids) !== undefined);
  // A mark of the word's end makes the last character another token.
  if ((model['end_of_word_suffix'] ?? '') !== '') return;
  model.bpe = (word) => own(Array.from(word).filter(isKnown).join(''));
}

const isA = (step: Step, kind: abstract new () => Step): boolean => step instanceof kind;

/** A step and what the file says of it, and those that a sequence of steps holds. */
function stepsOf(
  step: unknown,
  config: StepConfig | null | undefined,
  key: 'normalizers' | 'tokenizers',
): readonly (readonly [Step, StepConfig])[] {
  if (step === null || (typeof step !== 'object' && typeof step !== 'function')) return [];
  const own = step as Step;
  const inner = own[key];
  const configs = config?.normalizers ?? config?.pretokenizers ?? [];
  return [
    [own, config ?? {}],
    ...(Array.isArray(inner) ? inner.flatMap((part, n) => stepsOf(part, configs[n], key)) : []),
  ];
}

/** A step of tokenizer.json. */
interface StepConfig {
  readonly normalizers?: readonly StepConfig[];
  readonly pretokenizers?: readonly StepConfig[];
  readonly strip_left?: boolean;
  readonly strip_right?: boolean;
  readonly lowercase?: boolean;
  readonly content?: string;
  readonly precompiled_charsmap?: string | null;
  readonly behavior?: string;
  readonly invert?: boolean;
  readonly individual_digits?: boolean;
  readonly length?: number;
  readonly split?: boolean;
  readonly prepend_scheme?: string;
  readonly add_prefix_space?: boolean;
}

function repairNormalizer(step: Step, config: StepConfig): void {
  if (isA(step, BertNormalizer)) {
    step['tokenize_chinese_chars'] = spaceIdeographs;
    const own = (step['normalize'] as (text: string) => string).bind(step);
    // What follows a sigma makes no difference to the reference.
    if (config.lowercase === true) {
      step['normalize'] = (text: string) => own(text.replaceAll('Σ', 'σ'));
    }
  } else if (isA(step, LowercaseNormalizer)) {
    step['normalize'] = (text: string) => text.replaceAll('Σ', 'σ').toLowerCase();
  } else if (isA(step, StripNormalizer)) {
    step['normalize'] = (text: string) => {
      const left = config.strip_left === true ? trimStart(text) : text;
      return config.strip_right === true ? trimEnd(left) : left;
    };
  } else if (isA(step, PrecompiledNormalizer)) {
    const map = config.precompiled_charsmap;
    step['normalize'] = typeof map === 'string' && map !== '' ? charsMap(map) : (text: string) => text;
  } else if (isA(step, ReplaceNormalizer) && step['pattern'] instanceof RegExp) {
    const { pattern } = step as { readonly pattern: RegExp };
    // A '$' of the content is one.
    step['normalize'] = (text: string) => text.replaceAll(pattern, () => config.content ?? '');
  }
}

function repairPreTokenizer(step: Step, config: StepConfig): void {
  const divideBy = (divide: (text: string) => string[]): void => {
    step['pre_tokenize_text'] = divide;
  };
  const behavior = config.behavior ?? 'isolated';
  if (isA(step, ByteLevelPreTokenizer)) step['pattern'] = byteLevelWords;
  else if (isA(step, BertPreTokenizer)) divideBy((text) => text.match(bertWords) ?? []);
  else if (isA(step, WhitespacePreTokenizer)) divideBy((text) => text.match(wordsAndSigns) ?? []);
  else if (isA(step, WhitespaceSplitPreTokenizer)) divideBy((text) => text.match(unspaced) ?? []);
  else if (isA(step, PunctuationPreTokenizer)) divideBy((text) => splitWords(text, sign, { behavior }));
  else if (isA(step, DigitsPreTokenizer)) {
    const each = config.individual_digits === true ? 'isolated' : 'contiguous';
    divideBy((text) => splitWords(text, digit, { behavior: each }));
  } else if (isA(step, SplitPreTokenizer) && step['pattern'] instanceof RegExp) {
    const { pattern } = step as { readonly pattern: RegExp };
    divideBy((text) => splitWords(text, pattern, { behavior, invert: config.invert === true }));
  } else if (isA(step, FixedLengthPreTokenizer)) divideBy((text) => cutChars(text, config.length ?? 5));
  else if (isA(step, MetaspacePreTokenizer)) repairMetaspace(step, config);
}

/** Pieces of so many characters, where those beyond the basic plane are one each. */
function cutChars(text: string, length: number): string[] {
  const chars = Array.from(text);
  const count = Math.ceil(chars.length / length);
  return Array.from({ length: count }, (_, n) => chars.slice(n * length, (n + 1) * length).join(''));
}

type Divide = (text: string, options?: DivideOptions) => string[];

/**
 * The library divides no words there, takes every word of the first section for the first, and does not know `add_prefix_space`,
 * which files had before `prepend_scheme`.
 */
function repairMetaspace(
  step: Step,
  { split = true, prepend_scheme: scheme, add_prefix_space: isMarked }: StepConfig,
): void {
  if (scheme === undefined && isMarked === false) step['prepend_scheme'] = 'never';
  const own = (step['pre_tokenize_text'] as Divide).bind(step);
  const mark = new RegExp(escape(String(step['replacement'])), 'gu');
  step['pre_tokenize'] = (text: string | readonly string[], options?: DivideOptions) =>
    [text].flat().flatMap((word, n) => {
      const isFirst = n === 0 && options?.text.startsWith(word) === true;
      const marked = own(word, isFirst ? options : undefined);
      return split ? marked.flatMap((part) => splitWords(part, mark, { behavior: 'mergedwithnext' })) : marked;
    });
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

/** The blocks that BERT takes for Chinese characters. */
const ideograph =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

const spaceIdeographs = (text: string): string => text.replace(ideograph, ' $& ');

// Spaces are those of Unicode: JavaScript counts U+FEFF to them and U+0085 not. Its \w and \d know ASCII alone.

/** GPT-2's pattern. */
const byteLevelWords =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const sign = /[\p{P}!-/:-@[-`{-~]/gu;
const bertWords = /[^\p{White_Space}\p{P}!-/:-@[-`{-~]+|[\p{P}!-/:-@[-`{-~]/gu;
const wordsAndSigns =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;
const unspaced = /\P{White_Space}+/gu;
const digit = /\p{N}/gu;
