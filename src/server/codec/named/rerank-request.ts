import { readDouble } from '../../../protocol/json/number.js';
import { skipValue } from '../../../protocol/json/nesting.js';
import { ascii, JsonReader } from '../../../protocol/json/reader.js';
import { refuseRepeat } from '../../../protocol/v2/decode-tensor.js';
import { mostTexts, TextLimits } from '../texts-json.js';

/** What a body of `POST /v1/rerank` asks for, as Cohere, Jina and vLLM have it. */
export interface RerankAsked {
  /** A model's name, or name and version. */
  readonly model: string;
  readonly query: string;
  readonly documents: readonly string[];
  /** Results that are answered, the best ones. Default: all. */
  readonly topN: number | undefined;
  readonly withDocuments: boolean;
}

type Members = { -readonly [K in keyof RerankAsked]?: RerankAsked[K] };

/** Reads the body of a rerank request; members that mean nothing here are passed over. Throws INVALID_INPUT. */
export function decodeRerankJson(body: Buffer): RerankAsked {
  const members: Members = {};
  const reader: JsonReader = new JsonReader(body, 'the body');
  const limits = new TextLimits(reader);
  reader.readObject('the request', (key) => {
    if (!reader.takeNull()) readMember(reader, key, { members, limits });
  });
  reader.finish();
  const { model, query, documents, topN, withDocuments = false } = members;
  if (model === undefined) reader.fail('"model" is missing, expected the name of a model');
  if (query === undefined) reader.fail('"query" is missing, expected a text');
  if (documents === undefined) reader.fail('"documents" is missing, expected a list of texts');
  // The query is read once with each document.
  for (let n = 1; n < documents.length; n++) limits.count(query, '"query", with each document,');
  return { model, query, documents, topN, withDocuments };
}

interface Reading {
  readonly members: Members;
  readonly limits: TextLimits;
}

function readMember(reader: JsonReader, key: string, { members, limits }: Reading): void {
  if (key === 'model') {
    refuseRepeat(reader, key, members.model);
    members.model = reader.readString('"model"');
  } else if (key === 'query') {
    refuseRepeat(reader, key, members.query);
    members.query = limits.read('"query"');
  } else if (key === 'documents') {
    refuseRepeat(reader, key, members.documents);
    members.documents = readDocuments(reader, limits);
  } else if (key === 'top_n') {
    refuseRepeat(reader, key, members.topN);
    reader.peek();
    const topN = readDouble(reader);
    if (!Number.isSafeInteger(topN) || topN < 1) reader.fail('"top_n" must be a whole number of 1 or more');
    members.topN = topN;
  } else if (key === 'return_documents') {
    refuseRepeat(reader, key, members.withDocuments);
    members.withDocuments = reader.readBoolean('"return_documents"');
  } else skipValue(reader);
}

/** Texts, or objects with one: `{"text": "..."}`. */
function readDocuments(reader: JsonReader, limits: TextLimits): readonly string[] {
  const documents: string[] = [];
  reader.readArray('"documents", a list of texts,', () => {
    if (documents.length === mostTexts) reader.fail(`"documents" has more than ${mostTexts} texts`);
    const what = `"documents": number ${documents.length + 1}`;
    if (reader.peek() !== ascii.openObject) {
      documents.push(limits.read(what));
      return;
    }
    let text: string | undefined;
    reader.readObject(what, (key) => {
      if (key !== 'text') skipValue(reader);
      else {
        refuseRepeat(reader, key, text);
        text = limits.read(what);
      }
    });
    documents.push(text ?? reader.fail(`${what} has no "text"`));
  });
  return documents.length > 0 ? documents : reader.fail('"documents" is empty, expected a list of texts');
}
