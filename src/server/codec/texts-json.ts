import type { TextInput } from '../../model/tasks/text-config.js';
import { ascii, type JsonReader } from '../../protocol/json/reader.js';

/** Texts of a request; `isSingle`: one that was not sent as a list. */
export interface ReadTexts {
  readonly texts: readonly TextInput[];
  readonly isSingle: boolean;
}

/** Most texts or pairs of one request, and most characters (UTF-16) of one text and of all. */
const mostTexts = 1024;
const mostCharacters = 262_144;
const mostInAll = 4_194_304;

const expected = 'a text, or a list of texts and of pairs ["a","b"]';

/** Reads the value of `"text"`; its limits hold before anything is tokenised. */
export function readTexts(reader: JsonReader): ReadTexts {
  const count = { characters: 0 };
  const read = (what: string): string => {
    const text = reader.readString(what);
    const problem = findTextProblem(text) ?? countText(count, text);
    return problem === undefined ? text : reader.fail(`${what} ${problem}`);
  };
  if (reader.peek() === ascii.quote) return { texts: [read('"text"')], isSingle: true };
  const texts: TextInput[] = [];
  reader.readArray(`"text", ${expected},`, () => {
    if (texts.length === mostTexts) reader.fail(`"text" has more than ${mostTexts} texts`);
    const what = `"text": number ${texts.length + 1}`;
    if (reader.peek() === ascii.quote) {
      texts.push(read(what));
      return;
    }
    const pair: string[] = [];
    reader.readArray(`${what}, a text or a pair,`, () => pair.push(read(what)));
    const [first, second] = pair;
    if (first === undefined || second === undefined || pair.length > 2) {
      reader.fail(`${what} has ${pair.length} texts, expected a text or a pair of two`);
    }
    texts.push([first, second]);
  });
  return texts.length > 0 ? { texts, isSingle: false } : reader.fail(`"text" is empty, expected ${expected}`);
}

/** Why a text is not taken, after its name. */
export function findTextProblem(text: string): string | undefined {
  if (text === '') return 'is empty: leave it out, or send a text';
  return text.length > mostCharacters
    ? `has ${text.length} characters, more than the ${mostCharacters} of one text`
    : undefined;
}

function countText(count: { characters: number }, { length }: string): string | undefined {
  count.characters += length;
  return count.characters > mostInAll ? `is beyond the ${mostInAll} characters of one request` : undefined;
}
