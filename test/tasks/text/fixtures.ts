import { readFileSync } from 'node:fs';
import { parseTokenizerFile, type TokenizerFile } from '../../../src/model/tokenizer-file.js';

export const kinds = ['wordpiece', 'bpe', 'unigram'] as const;
export type Kind = (typeof kinds)[number];

const read = (name: string): string => readFileSync(`test/tasks/text/fixtures/${name}.json`, 'utf8');

/** The text of a small tokenizer.json that `tools/tokenizers/record.py` trained. */
export const tokenizerJson = (kind: Kind): string => read(kind);

export function tokenizerOf(kind: Kind, settings: object = {}): TokenizerFile {
  const files = { 'tokenizer.json': tokenizerJson(kind), 'tokenizer_config.json': JSON.stringify(settings) };
  return parseTokenizerFile(new Map(Object.entries(files)));
}

interface RecordedIds {
  readonly whole: readonly (readonly number[])[];
  /** The first token of type 1, -1 where there is none. */
  readonly types: readonly number[];
  /** With at most `maxLength` tokens; null where that cuts nothing. */
  readonly cut: readonly (readonly number[] | null)[];
}

/** What the reference implementation makes of varied texts. */
export const recorded = JSON.parse(read('recorded')) as {
  readonly maxLength: number;
  readonly texts: readonly (string | readonly [string, string])[];
  readonly ids: Readonly<Record<Kind, RecordedIds>>;
};

interface Family {
  readonly tokenizer: object;
  readonly ids: readonly (readonly number[])[];
  readonly types: readonly (readonly number[])[];
}

/** Small tokenizers of kinds that models in use have, and what the reference makes of texts with them. */
export const recordedFamilies = JSON.parse(read('families')) as {
  readonly texts: readonly (string | readonly [string, string])[];
  readonly families: Readonly<Record<string, Family>>;
};
