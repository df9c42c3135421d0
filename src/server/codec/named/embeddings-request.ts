import { mostTokens, type TextInput, type TokenIds } from '../../../model/tasks/text-config.js';
import { readDouble } from '../../../protocol/json/number.js';
import { skipValue } from '../../../protocol/json/nesting.js';
import { ascii, JsonReader } from '../../../protocol/json/reader.js';
import { refuseRepeat } from '../../../protocol/v2/decode-tensor.js';
import { TextLimits } from '../texts-json.js';

/** How vectors are written: as lists of numbers, or as the base64 of their FP32 in a text. */
export type VectorForm = 'float' | 'base64';

/** What a body of OpenAI's `POST /v1/embeddings` asks for. */
export interface EmbeddingsAsked {
  /** A model's name, or name and version: `minilm`, `minilm:2`. */
  readonly model: string;
  readonly texts: readonly (TextInput | TokenIds)[];
  readonly form: VectorForm;
  /** Numbers of each vector; undefined: all that the model makes. */
  readonly dimensions: number | undefined;
}

/** As many inputs as OpenAI takes. */
const mostInputs = 2048;
/** Most token numbers of one request. */
const mostIds = 4_194_304;
const largestId = 2 ** 31 - 1;
const expected = 'a text, a list of texts, a list of token numbers, or a list of such lists';

type Members = { -readonly [K in keyof EmbeddingsAsked]?: EmbeddingsAsked[K] };

/** Reads the body of an embeddings request; members that mean nothing here, such as `user`, are passed over. Throws INVALID_INPUT. */
export function decodeEmbeddingsJson(body: Buffer): EmbeddingsAsked {
  const members: Members = {};
  const reader: JsonReader = new JsonReader(body, 'the body');
  reader.readObject('the request', (key) => {
    if (!reader.takeNull()) readMember(reader, key, members);
  });
  reader.finish();
  const { model, texts, form = 'float', dimensions } = members;
  if (model === undefined) reader.fail('"model" is missing, expected the name of a model');
  if (texts === undefined) reader.fail(`"input" is missing, expected ${expected}`);
  return { model, texts, form, dimensions };
}

function readMember(reader: JsonReader, key: string, members: Members): void {
  if (key === 'model') {
    refuseRepeat(reader, key, members.model);
    members.model = reader.readString('"model"');
  } else if (key === 'input') {
    refuseRepeat(reader, key, members.texts);
    members.texts = readInput(reader);
  } else if (key === 'encoding_format') {
    refuseRepeat(reader, key, members.form);
    const form = reader.readString('"encoding_format"');
    if (form !== 'float' && form !== 'base64') reader.fail('"encoding_format" must be "float" or "base64"');
    members.form = form;
  } else if (key === 'dimensions') {
    refuseRepeat(reader, key, members.dimensions);
    reader.peek();
    const dimensions = readDouble(reader);
    if (!Number.isSafeInteger(dimensions) || dimensions < 1) {
      reader.fail('"dimensions" must be a whole number of 1 or more');
    }
    members.dimensions = dimensions;
  } else skipValue(reader);
}

function readInput(reader: JsonReader): EmbeddingsAsked['texts'] {
  const limits = new TextLimits(reader);
  if (reader.peek() === ascii.quote) return [limits.read('"input"')];
  const texts: (string | TokenIds)[] = [];
  const own: number[] = [];
  let count = 0;
  reader.readArray(`"input", ${expected},`, () => {
    const what = `"input": number ${texts.length + 1}`;
    const first = reader.peek();
    const isNumber = first !== ascii.quote && first !== ascii.openArray;
    if (isNumber ? texts.length > 0 : own.length > 0)
      reader.fail(`"input" has elements of several kinds, expected ${expected}`);
    if (isNumber) own.push(readId(reader, own.length));
    else if (texts.length === mostInputs) reader.fail(`"input" has more than ${mostInputs} texts`);
    else if (first === ascii.quote) texts.push(limits.read(what));
    else {
      const ids = readIds(reader, what);
      count += ids.length;
      if (count > mostIds) reader.fail(`"input" has more than ${mostIds} token numbers`);
      texts.push(ids);
    }
  });
  if (own.length > 0) return [Int32Array.from(own)];
  return texts.length > 0 ? texts : reader.fail(`"input" is empty, expected ${expected}`);
}

function readIds(reader: JsonReader, what: string): TokenIds {
  const ids: number[] = [];
  reader.readArray(what, () => ids.push(readId(reader, ids.length)));
  return ids.length > 0 ? Int32Array.from(ids) : reader.fail(`${what} is an empty list`);
}

/** One more token number after `before` others. */
function readId(reader: JsonReader, before: number): number {
  if (before === mostTokens) reader.fail(`"input" has a list of more than ${mostTokens} token numbers`);
  const byte = reader.peek();
  const isNumber = byte === ascii.minus || (byte >= ascii.zero && byte <= ascii.nine);
  if (!isNumber) reader.fail(`"input" must be ${expected}`);
  const id = readDouble(reader);
  if (Number.isInteger(id) && id >= 0 && id <= largestId) return id;
  return reader.fail(`"input" has a number that is no token's, expected a whole one from 0 to ${largestId}`);
}
