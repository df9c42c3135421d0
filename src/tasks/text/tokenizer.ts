import * as library from '@huggingface/tokenizers';
import { AppError, messageOf } from '../../errors.js';
import type { TextInput } from '../../model/text-config.js';
import type { TokenizerFile } from '../../model/tokenizer-file.js';

/** The token numbers of a text or pair, and which text of a pair each belongs to. */
export interface EncodedText {
  readonly ids: readonly number[];
  readonly types: readonly number[];
}

interface Processed {
  readonly tokens: readonly string[];
  readonly token_type_ids?: readonly number[];
}

/** What is used of the library, whose own types are not found by the rules of Node's modules. */
interface LibraryTokenizer {
  readonly normalizer: ((text: string) => string) | null;
  readonly pre_tokenizer: unknown;
  readonly model: { readonly unk_token_id?: number } | null;
  readonly post_processor: ((first: string[], second: string[] | null, special: boolean) => Processed) | null;
  /** Without special tokens. */
  tokenize(text: string): string[];
  token_to_id(token: string): number | undefined;
  get_added_tokens_decoder(): ReadonlyMap<number, { readonly content: string; readonly normalized: boolean }>;
}

const { Tokenizer } = library as unknown as {
  readonly Tokenizer: new (tokenizer: object, settings: object) => LibraryTokenizer;
};

/** A model's tokenizer, ready for texts. */
class TextTokenizer {
  readonly #tokenizer: LibraryTokenizer;
  readonly #added = new Map<string, number>();
  readonly #truncationSide: TokenizerFile['truncationSide'];
  readonly #hasTypes: boolean;

  /** Throws MODEL_INVALID for a tokenizer.json of a kind that is not known. */
  constructor({ json, settings, truncationSide }: TokenizerFile) {
    try {
      const parsed = JSON.parse(Buffer.from(new Uint8Array(json)).toString()) as {
        readonly added_tokens?: unknown;
        readonly post_processor?: { readonly type?: unknown } | null;
      };
      const tokenizer = new Tokenizer({ added_tokens: [], ...parsed }, settings);
      repair(tokenizer);
      // Its own lookup of added tokens by what the normalizer makes of them is private.
      for (const [id, { content, normalized }] of tokenizer.get_added_tokens_decoder()) {
        this.#added.set(content, id);
        if (normalized && tokenizer.normalizer !== null) this.#added.set(tokenizer.normalizer(content), id);
      }
      this.#tokenizer = tokenizer;
      this.#truncationSide = truncationSide;
      // The reference gives every token of RoBERTa's pairs the type 0.
      this.#hasTypes = parsed.post_processor?.type !== 'RobertaProcessing';
    } catch (cause) {
      const text = `tokenizer.json cannot be used: ${messageOf(cause)}. Expected the file that Hugging Face's tokenizers write.`;
      throw new AppError('MODEL_INVALID', text, { cause });
    }
  }

  /** Cut to at most `maxLength` tokens, special ones included, the longer text of a pair first. */
  encode(input: TextInput, maxLength: number): EncodedText {
    const [text, other] = typeof input === 'string' ? [input] : input;
    const first = this.#split(text);
    const second = other === undefined ? null : this.#split(other);
    const special = this.#process([], second === null ? null : []).tokens.length;
    const [a, b] = shares({ first: first.length, second: second?.length ?? 0 }, Math.max(0, maxLength - special));
    const { tokens, token_type_ids: types } = this.#process(
      this.#cut(first, a),
      second === null ? null : this.#cut(second, b),
    );
    return {
      ids: tokens.map((token) => this.#idOf(token)),
      types: this.#hasTypes && types !== undefined ? types : tokens.map(() => 0),
    };
  }

  #split(text: string): string[] {
    return this.#tokenizer.tokenize(text);
  }

  #cut(tokens: string[], count: number): string[] {
    return this.#truncationSide === 'left' ? tokens.slice(tokens.length - count) : tokens.slice(0, count);
  }

  #process(first: string[], second: string[] | null): Processed {
    return this.#tokenizer.post_processor?.(first, second, true) ?? { tokens: [...first, ...(second ?? [])] };
  }

  #idOf(token: string): number {
    const id = this.#added.get(token) ?? this.#tokenizer.token_to_id(token) ?? this.#tokenizer.model?.unk_token_id;
    if (id !== undefined) return id;
    throw new AppError(
      'MODEL_INVALID',
      `tokenizer.json has no number for the token ${JSON.stringify(token)}, and none for unknown ones.`,
    );
  }
}

/** How many tokens of each text are kept; the reference's way of cutting the longer one first. */
function shares(
  { first, second }: { readonly first: number; readonly second: number },
  most: number,
): [number, number] {
  if (first + second <= most) return [first, second];
  const shorter = Math.min(first, second);
  let [less, more] = [shorter, Math.max(shorter, most - shorter)];
  if (less + more > most) [less, more] = [most >> 1, (most >> 1) + (most % 2)];
  return first > second ? [more, less] : [less, more];
}

/** What version 0.2.0 does otherwise than the reference: ideographs beyond the basic plane, and which characters are spaces. */
function repair({ normalizer, pre_tokenizer: splitter }: LibraryTokenizer): void {
  for (const part of partsOf(normalizer, 'normalizers')) {
    if ('tokenize_chinese_chars' in part) part['tokenize_chinese_chars'] = spaceIdeographs;
  }
  for (const part of partsOf(splitter, 'tokenizers')) if ('byte_encoder' in part) part['pattern'] = byteLevelWords;
}

/** A step, and those that a sequence of steps holds. */
function partsOf(step: unknown, key: string): readonly Record<string, unknown>[] {
  if (step === null || (typeof step !== 'object' && typeof step !== 'function')) return [];
  const own = step as Record<string, unknown>;
  const inner = own[key];
  return [own, ...(Array.isArray(inner) ? inner.flatMap((part) => partsOf(part, key)) : [])];
}

/** The blocks that BERT takes for Chinese characters. */
const ideograph =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

const spaceIdeographs = (text: string): string => text.replace(ideograph, ' $& ');

/** GPT-2's pattern, with spaces as Unicode has them: JavaScript counts U+FEFF to them and U+0085 not. */
const byteLevelWords =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Tokenizers that a thread keeps. */
const mostKept = 8;
const kept = new Map<string, TextTokenizer>();

/** The tokenizer of a file; the same one while it is among those used last. Throws MODEL_INVALID. */
export function openTokenizer(file: TokenizerFile): TextTokenizer {
  const tokenizer = kept.get(file.key) ?? new TextTokenizer(file);
  kept.delete(file.key);
  kept.set(file.key, tokenizer);
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  return tokenizer;
}
