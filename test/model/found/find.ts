import type { ModelJson } from '../../../src/model/config-schema.js';
import { findConfig, type FoundConfig } from '../../../src/model/found/find-config.js';
import { headerOf, value, type Dim } from '../headers.js';

/** What a model and the files beside it say. */
export interface Given {
  readonly input?: readonly Dim[];
  readonly outputs: Readonly<Record<string, readonly Dim[]>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, object>>;
  readonly json?: ModelJson;
}

/** What is found of it. */
export function find({ input = [1, 3, 64, 96], outputs, metadata = {}, files = {}, json = {} }: Given): FoundConfig {
  const values = Object.entries(outputs).map(([name, shape]) => value(name, shape));
  const header = { ...headerOf([value('images', input)], values), metadata };
  const companions = new Map(Object.entries(files).map(([name, content]) => [name, JSON.stringify(content)]));
  return findConfig(json, { header, companions });
}

/** What a processor of Hugging Face says. */
export const processor = {
  do_resize: true,
  size: { height: 64, width: 96 },
  do_rescale: true,
  rescale_factor: 0.5,
  do_normalize: true,
  image_mean: [0.1, 0.2, 0.3],
  image_std: [0.4, 0.5, 0.6],
  resample: 2,
};
/** A classifier of Hugging Face. */
export const vit = { architectures: ['ViTForImageClassification'], id2label: { 0: 'cat', 1: 'dog' } };

/** What is found in a folder of Hugging Face: `config.json`, and `preprocessor_config.json` where it is given. */
export const findFolder = (config: object, preprocessor?: object, more: Partial<Given> = {}) =>
  find({
    outputs: { logits: [null, 2] },
    files: { 'config.json': config, ...(preprocessor && { 'preprocessor_config.json': preprocessor }) },
    ...more,
  });
