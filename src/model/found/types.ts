import type { ModelJson } from '../config-schema.js';
import type { OnnxHeader } from '../config.js';

/** What stands beside a model file: text by file name. */
export type Companions = ReadonlyMap<string, string>;

/** Files of exporters that are read, beside the model file's own metadata. */
export const companionNames = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'sentence_bert_config.json',
  'modules.json',
  'config_sentence_transformers.json',
  '1_Pooling/config.json',
] as const;

/** Blocks of a model.json that an exporter's files amount to, and what people should know of it. */
export interface Finding {
  readonly json: Pick<ModelJson, 'image' | 'text' | 'classification' | 'detection' | 'segmentation' | 'embedding'>;
  /** What was found and from which file, and what was not used and why. */
  readonly notes: readonly string[];
}

/** The files of a model in which its meaning is looked for. */
export interface FindingSubject {
  readonly header: OnnxHeader;
  readonly companions: Companions;
}

/** The files say nothing. */
export const nothingFound: Finding = { json: {}, notes: [] };
