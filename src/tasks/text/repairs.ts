import {
  BertNormalizer,
  BertPreTokenizer,
  ByteLevelPreTokenizer,
  DigitsPreTokenizer,
  LowercaseNormalizer,
  MetaspacePreTokenizer,
  PrecompiledNormalizer,
  PunctuationPreTokenizer,
  SplitPreTokenizer,
  StripNormalizer,
  Unigram,
  WhitespacePreTokenizer,
  WhitespaceSplitPreTokenizer,
  type DivideOptions,
  type LibraryTokenizer,
  type Step,
} from './library.js';
import { charsMap } from './chars-map.js';
import { trimEnd, trimStart } from './split.js';
import { unigramEncoder, type UnigramSettings } from './unigram.js';
import { splitWords } from './words.js';

/** The model of tokenizer.json as far as the library does not read it, or not as the reference does. */
export interface ModelSettings extends Partial<UnigramSettings> {
  readonly type?: unknown;
  readonly unk_token?: unknown;
  readonly continuing_subword_prefix?: unknown;
}

/** Makes version 0.2.0 do as the reference does. Throws for what it cannot. */
export function repair(
  { normalizer, pre_tokenizer: splitter, model }: LibraryTokenizer,
  settings: ModelSettings,
): void {
  for (const step of stepsOf(normalizer, 'normalizers')) repairNormalizer(step);
  for (const step of stepsOf(splitter, 'tokenizers')) repairPreTokenizer(step);
  if (settings.type === 'BPE' && (settings.continuing_subword_prefix ?? '') !== '') {
    throw new Error('a BPE with a continuing_subword_prefix is not supported');
  }
  if (settings.type === 'WordLevel') model.unk_token_id = model.tokens_to_ids.get(String(settings.unk_token));
  if (model instanceof Unigram && settings.vocab !== undefined) {
    const encode = unigramEncoder(model, { ...settings, vocab: settings.vocab });
    model._call = (words) => words.flatMap(encode);
  } else {
    // Unknown tokens of two words are not joined.
    const own = model._call.bind(model);
    model._call = (words) => words.flatMap((word) => own([word]));
  }
}

const isA = (step: Step, kind: abstract new () => Step): boolean => step instanceof kind;

/** A step, and those that a sequence of steps holds. */
function stepsOf(step: unknown, key: string): readonly Step[] {
  if (step === null || (typeof step !== 'object' && typeof step !== 'function')) return [];
  const own = step as Step;
  const inner = own[key];
  return [own, ...(Array.isArray(inner) ? inner.flatMap((part) => stepsOf(part, key)) : [])];
}

interface StepConfig {
  readonly strip_left?: boolean;
  readonly strip_right?: boolean;
  readonly precompiled_charsmap?: string | null;
  readonly behavior?: string;
  readonly invert?: boolean;
  readonly individual_digits?: boolean;
}

function repairNormalizer(step: Step): void {
  const config = (step['config'] ?? {}) as StepConfig;
  if (isA(step, BertNormalizer)) {
    step['tokenize_chinese_chars'] = spaceIdeographs;
    const own = (step['normalize'] as (text: string) => string).bind(step);
    // What follows a sigma makes no difference to the reference.
    if ((config as { readonly lowercase?: boolean }).lowercase === true) {
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
  }
}

function repairPreTokenizer(step: Step): void {
  const config = (step['config'] ?? {}) as StepConfig;
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
  } else if (isA(step, MetaspacePreTokenizer)) repairMetaspace(step);
}

type Divide = (text: string, options?: DivideOptions) => string[];

/** The library divides no words there, and takes every word of the first section for the first. */
function repairMetaspace(step: Step): void {
  const own = (step['pre_tokenize_text'] as Divide).bind(step);
  const mark = new RegExp(escape(String(step['replacement'])), 'gu');
  step['pre_tokenize'] = (text: string | readonly string[], options?: DivideOptions) =>
    [text].flat().flatMap((word, n) => {
      const isFirst = n === 0 && options?.text.startsWith(word) === true;
      const marked = own(word, isFirst ? options : undefined);
      return marked.flatMap((part) => splitWords(part, mark, { behavior: 'mergedwithnext' }));
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
