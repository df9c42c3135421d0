import type { TextInput } from '../../model/tasks/text-config.js';
import { ascii, type JsonReader } from '../../protocol/json/reader.js';

/** Texts of a request; `isSingle`: one that was not sent as a list. */
export interface ReadTexts {
  readonly texts: readonly TextInput[];
  readonly isSingle: boolean;
}

/** Most texts or pairs of one request. */
export const mostTexts = 1024;
/** Most characters (UTF-16) of one text and of all. */
const mostCharacters = 262_144;
const mostInAll = 4_194_304;

const expected = 'a text, or a list of texts and of pairs ["a","b"]';

/** Reads the value of `"text"`; its limits hold before anything is tokenised. */
export function readTexts(reader: JsonReader): ReadTexts {
  const limits = new TextLimits(reader);
  if (reader.peek() === ascii.quote) return { texts: [limits.read('"text"')], isSingle: true };
  const texts: TextInput[] = [];
  reader.readArray(`"text", ${expected},`, () => {
    if (texts.length === mostTexts) reader.fail(`"text" has more than ${mostTexts} texts`);
    const what = `"text": number ${texts.length + 1}`;
    if (reader.peek() === ascii.quote) {
      texts.push(limits.read(what));
      return;
    }
    const pair: string[] = [];
    reader.readArray(`${what}, a text or a pair,`, () => pair.push(limits.read(what)));
    const [first, second] = pair;
    if (first === undefined || second === undefined || pair.length > 2) {
      reader.fail(`${what} has ${pair.length} texts, expected a text or a pair of two`);
    }
    texts.push([first, second]);
  });
  return texts.length > 0 ? { texts, isSingle: false } : reader.fail(`"text" is empty, expected ${expected}`);
}

/** Reads the texts of one request, none of them empty and not too much of them. */
export class TextLimits {
  readonly #reader: JsonReader;
  #characters = 0;

  constructor(reader: JsonReader) {
    this.#reader = reader;
  }

  /** Reads a text. Throws INVALID_INPUT, with `what` for its name. */
  read(what: string): string {
    const text = this.#reader.readString(what);
    const problem = findTextProblem(text);
    if (problem !== undefined) this.#reader.fail(`${what} ${problem}`);
    this.count(text, what);
    return text;
  }

  /** Counts a text once more. Throws INVALID_INPUT. */
  count({ length }: string, what: string): void {
    this.#characters += length;
    if (this.#characters > mostInAll) {
      this.#reader.fail(`${what} is beyond the ${mostInAll} characters of one request`);
    }
  }
}

/** Why a text is not taken, after its name. */
export function findTextProblem(text: string): string | undefined {
  if (text === '') return 'is empty: leave it out, or send a text';
  return text.length > mostCharacters
    ? `has ${text.length} characters, more than the ${mostCharacters} of one text`
    : undefined;
}
