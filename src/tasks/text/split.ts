import { AppError } from '../../errors.js';
import type { AddedToken, LibraryModel, LibraryTokenizer } from './library.js';

/** A part of a text: an added token, or what lies between two. */
interface Part {
  readonly text: string;
  readonly token?: AddedToken;
}

/** Added tokens by what stands for them in a text: as it is written, or normalised. */
export interface AddedTokens {
  readonly written: ReadonlyMap<string, AddedToken>;
  readonly normal: ReadonlyMap<string, AddedToken>;
}

/** The added tokens of a tokenizer, as its splitters find them. */
export function addedTokens({ normalizer, added_tokens: all }: LibraryTokenizer): AddedTokens {
  const [written, normal] = [new Map<string, AddedToken>(), new Map<string, AddedToken>()];
  for (const token of all) {
    if (token.normalized && normalizer !== null) normal.set(normalizer(token.content), token);
    else written.set(token.content, token);
  }
  return { written, normal };
}

/** The token numbers of a text without special ones around it: added tokens as they are written, the rest as the model divides it. */
export function splitText(tokenizer: LibraryTokenizer, added: AddedTokens, text: string): number[] {
  const { normalizer, pre_tokenizer: divide, model } = tokenizer;
  const written = splitAtAdded(text, tokenizer.splitter_unnormalized.split(text), added.written);
  return written.flatMap((outer, section) => {
    if (outer.token !== undefined) return [outer.token.id];
    const normal = normalizer === null ? outer.text : normalizer(outer.text);
    return splitAtAdded(normal, tokenizer.splitter_normalized.split(normal), added.normal).flatMap((inner, n) => {
      if (inner.token !== undefined) return [inner.token.id];
      // Only what begins the text counts as the first section.
      const words =
        divide === null
          ? [inner.text]
          : divide(inner.text, { section_index: n === 0 ? section : undefined, text: inner.text });
      return model._call(words).map((token) => idOf(model, token));
    });
  });
}

/** The number of a token of the vocabulary; throws MODEL_INVALID where it has none. */
export function idOf({ tokens_to_ids: ids, unk_token_id: unknown }: LibraryModel, token: string): number {
  const id = ids.get(token) ?? unknown;
  if (id !== undefined) return id;
  throw new AppError(
    'MODEL_INVALID',
    `tokenizer.json has no number for the token ${JSON.stringify(token)}, and none for unknown ones.`,
  );
}

/** Takes spaces beside an added token to it, and such tokens for text that must stand alone and do not, as the token says. */
function splitAtAdded(
  text: string,
  pieces: readonly string[],
  added: ReadonlyMap<string, AddedToken>,
): readonly Part[] {
  const parts: Part[] = [];
  let [at, between, taken] = [0, '', 0];
  const close = (): void => {
    if (between !== '') parts.push({ text: between });
    between = '';
  };
  for (const piece of pieces) {
    const [start, end] = [at, at + piece.length];
    const token = added.get(piece);
    at = end;
    if (token === undefined || (token.single_word && !standsAlone(text, start, end))) {
      between += text.slice(Math.max(start, taken), end);
      continue;
    }
    const stop = token.rstrip ? behindSpaces(text, Math.max(end, taken)) : end;
    // Nothing is left of it where the token before has taken its spaces.
    if (token.lstrip && stop <= taken) continue;
    if (token.lstrip) between = trimEnd(between);
    close();
    parts.push({ text: piece, token });
    taken = stop;
  }
  close();
  return parts;
}

const wordBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const wordAfter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

function standsAlone(text: string, start: number, end: number): boolean {
  return !wordBefore.test(text.slice(Math.max(0, start - 2), start)) && !wordAfter.test(text.slice(end, end + 2));
}

const space = /\p{White_Space}/u;
const isSpace = (text: string, at: number): boolean => space.test(text.charAt(at));

/** Without spaces as Unicode has them: JavaScript counts U+FEFF to them and U+0085 not. */
export function trimStart(text: string): string {
  return text.slice(behindSpaces(text, 0));
}

function behindSpaces(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text, at)) at += 1;
  return at;
}

/** The same at the end. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text, end - 1)) end -= 1;
  return text.slice(0, end);
}
