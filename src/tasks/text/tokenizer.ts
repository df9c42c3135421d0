import { AppError, messageOf } from '../../errors.js';
import type { TextInput } from '../../model/tasks/text-config.js';
import type { TokenizerFile } from '../../model/tokenizer-file.js';
import { Tokenizer, type LibraryTokenizer, type Processed } from './library.js';
import { repair, type TokenizerSettings } from './repairs.js';
import { addedTokens, idOf, splitText, type AddedTokens } from './split.js';

/** The token numbers of a text or pair, and which text of a pair each belongs to. */
export interface EncodedText {
  readonly ids: readonly number[];
  readonly types: readonly number[];
}

/** A model's tokenizer, ready for texts. */
class TextTokenizer {
  readonly #tokenizer: LibraryTokenizer;
  readonly #added: AddedTokens;
  readonly #truncationSide: TokenizerFile['truncationSide'];
  readonly #hasTypes: boolean;

  /** Throws MODEL_INVALID for a tokenizer.json of a kind that is not known. */
  constructor({ json, truncationSide }: TokenizerFile) {
    try {
      const parsed = JSON.parse(Buffer.from(new Uint8Array(json)).toString()) as TokenizerSettings & {
        readonly post_processor?: { readonly type?: unknown } | null;
      };
      // Nothing is decoded, and what the settings add to tokenizer.json the reference does not know.
      const tokenizer = new Tokenizer({ ...usual, ...parsed, decoder: null }, {});
      repair(tokenizer, parsed);
      this.#tokenizer = tokenizer;
      this.#added = addedTokens(tokenizer);
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
    if (this.#tokenizer.normalizer !== null) [text, other ?? ''].forEach(checkMarks);
    const first = splitText(this.#tokenizer, this.#added, text);
    const second = other === undefined ? null : splitText(this.#tokenizer, this.#added, other);
    const special = this.#process([], second === null ? null : []).tokens.length;
    const [a, b] = shares({ first: first.length, second: second?.length ?? 0 }, Math.max(0, maxLength - special));
    const { tokens, token_type_ids: types } = this.#process(
      this.#cut(first, a),
      second === null ? null : this.#cut(second, b),
    );
    return {
      ids: tokens.map((token) => (typeof token === 'number' ? token : this.#idOf(token))),
      types: this.#hasTypes && types !== undefined ? types : tokens.map(() => 0),
    };
  }

  #cut(tokens: number[], count: number): number[] {
    return this.#truncationSide === 'left' ? tokens.slice(tokens.length - count) : tokens.slice(0, count);
  }

  /** Steps that add nothing hand the second text on; then its tokens have the type 1. */
  #process(first: number[], second: number[] | null): Processed {
    const done = this.#tokenizer.post_processor?.(first, second, true) ?? { tokens: first, tokens_pair: second };
    const { tokens, token_type_ids: types, tokens_pair: rest } = done;
    if (rest === undefined || rest === null)
      return { tokens, ...(types === undefined ? {} : { token_type_ids: types }) };
    return { tokens: [...tokens, ...rest], token_type_ids: [...tokens.map(() => 0), ...rest.map(() => 1)] };
  }

  /** The number of a special token. */
  #idOf(token: string): number {
    const { added_tokens: added, model } = this.#tokenizer;
    return added.find(({ content }) => content === token)?.id ?? idOf(model, token);
  }
}

/** Characters in a row that combine with the one before them. JavaScript normalises them in the square of the time. */
const mostMarks = 1000;

/** U+FF9E and U+FF9F become such characters. */
const marks = /[\p{M}\uff9e\uff9f]+/gu;

function checkMarks(text: string): void {
  for (const { 0: run, index } of text.matchAll(marks)) {
    if (run.length <= mostMarks) continue;
    throw new AppError(
      'INVALID_INPUT',
      `A text has ${run.length} combining characters in a row, from character ${index} on. Expected at most ${mostMarks}.`,
    );
  }
}

/** Parts that a tokenizer.json may lack. */
const usual = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null };

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
