import * as library from '@huggingface/tokenizers';

/** A token that stands beside the vocabulary. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly normalized: boolean;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
}

/** Tokens with the text of a pair that each is of: numbers for those of the texts, names for special ones. */
export interface Processed {
  readonly tokens: readonly (number | string)[];
  readonly token_type_ids?: readonly number[];
  /** A step that adds nothing hands on both texts. */
  readonly tokens_pair?: readonly (number | string)[] | null;
}

/** Divides a text at added tokens. */
interface Splitter {
  split(text: string): string[];
}

/** A step of a normalizer or a pre-tokenizer; the functions are found by these names, so they may be replaced. */
export type Step = Record<string, unknown>;

/** How words become tokens. */
export interface LibraryModel extends Step {
  readonly tokens_to_ids: Map<string, number>;
  unk_token_id?: number | undefined;
  _call: (words: readonly string[]) => string[];
}

/** The same of a BPE. */
export interface BpeModel extends LibraryModel {
  bpe: (word: string) => string[];
}

/** The same of a Unigram. */
export interface UnigramModel extends LibraryModel {
  readonly scores: readonly number[];
  readonly unk_score: number;
  readonly trie: { common_prefix_search(chars: readonly string[], start: number): Iterable<string> };
  encode: (words: readonly string[]) => string[];
}

/** Where a text that is divided into words stands. */
export interface DivideOptions {
  /** Undefined: it does not begin what was sent. */
  readonly section_index: number | undefined;
  readonly text: string;
}

/** What is used of the library, whose own types are not found by the rules of Node's modules. */
export interface LibraryTokenizer {
  readonly normalizer: ((text: string) => string) | null;
  readonly pre_tokenizer: ((text: string, options: DivideOptions) => string[]) | null;
  readonly model: LibraryModel;
  readonly post_processor: ((first: number[], second: number[] | null, special: boolean) => Processed) | null;
  readonly added_tokens: readonly AddedToken[];
  readonly splitter_unnormalized: Splitter;
  readonly splitter_normalized: Splitter;
}

type StepClass = abstract new () => Step;

/** The classes of the library that are used. */
export const {
  Tokenizer,
  BPE,
  Unigram,
  StripNormalizer,
  LowercaseNormalizer,
  BertNormalizer,
  PrecompiledNormalizer,
  ReplaceNormalizer,
  BertPreTokenizer,
  ByteLevelPreTokenizer,
  DigitsPreTokenizer,
  FixedLengthPreTokenizer,
  MetaspacePreTokenizer,
  PunctuationPreTokenizer,
  SplitPreTokenizer,
  WhitespacePreTokenizer,
  WhitespaceSplitPreTokenizer,
} = library as unknown as {
  readonly Tokenizer: new (tokenizer: object, settings: object) => LibraryTokenizer;
  readonly BPE: abstract new () => BpeModel;
  readonly Unigram: abstract new () => UnigramModel;
} & Readonly<
  Record<
    | 'StripNormalizer'
    | 'LowercaseNormalizer'
    | 'BertNormalizer'
    | 'PrecompiledNormalizer'
    | 'ReplaceNormalizer'
    | 'BertPreTokenizer'
    | 'ByteLevelPreTokenizer'
    | 'DigitsPreTokenizer'
    | 'FixedLengthPreTokenizer'
    | 'MetaspacePreTokenizer'
    | 'PunctuationPreTokenizer'
    | 'SplitPreTokenizer'
    | 'WhitespacePreTokenizer'
    | 'WhitespaceSplitPreTokenizer',
    StepClass
  >
>;
