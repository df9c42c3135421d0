import type { AddedToken, LibraryTokenizer } from './library.js';

/** A part of a text: an added token, or what lies between two. */
interface Part {
  readonly text: string;
  readonly token?: AddedToken;
}

/** The tokens of a text without special ones around it: added tokens as they are written, the rest as the model divides it. */
export function splitText(tokenizer: LibraryTokenizer, text: string): string[] {
  const { normalizer, pre_tokenizer: divide, model, added_tokens_map: added } = tokenizer;
  const written = splitAtAdded(text, tokenizer.splitter_unnormalized.split(text), added);
  return written.flatMap((outer, section) => {
    if (outer.token !== undefined) return [outer.token.content];
    const normal = normalizer === null ? outer.text : normalizer(outer.text);
    return splitAtAdded(normal, tokenizer.splitter_normalized.split(normal), added).flatMap((inner, n) => {
      if (inner.token !== undefined) return [inner.token.content];
      // Only what begins the text counts as the first section.
      const words =
        divide === null
          ? [inner.text]
          : divide(inner.text, { section_index: n === 0 ? section : undefined, text: inner.text });
      return model._call(words);
    });
  });
}

/** Takes spaces beside an added token to it, and such tokens for text that must stand alone and do not, as the token says. */
function splitAtAdded(
  text: string,
  pieces: readonly string[],
  added: ReadonlyMap<string, AddedToken>,
): readonly Part[] {
  const parts: Part[] = [];
  let [at, between, isTrimmed] = [0, '', false];
  const close = (): void => {
    if (between !== '') parts.push({ text: between });
    between = '';
  };
  for (const piece of pieces) {
    const token = added.get(piece);
    if (token === undefined || (token.single_word && !standsAlone(text, at, at + piece.length))) {
      between += isTrimmed ? trimStart(piece) : piece;
      isTrimmed &&= between === '';
    } else {
      if (token.lstrip) between = trimEnd(between);
      close();
      parts.push({ text: piece, token });
      isTrimmed = token.rstrip;
    }
    at += piece.length;
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
  let start = 0;
  while (start < text.length && isSpace(text, start)) start += 1;
  return text.slice(start);
}

/** The same at the end. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text, end - 1)) end -= 1;
  return text.slice(0, end);
}
