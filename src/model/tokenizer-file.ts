import { createHash } from 'node:crypto';
import { AppError } from '../errors.js';
import { isRecord, parseObject, type Json } from './found/json.js';
import type { Companions } from './found/types.js';

/** What fills rows up, and on which side. */
export interface TokenPadding {
  readonly id: number;
  readonly typeId: number;
  readonly side: 'left' | 'right';
}

/** A model's tokenizer as it was when the model was loaded, for any thread. */
export interface TokenizerFile {
  /** Tells tokenizers apart: a digest of the files. */
  readonly key: string;
  /** tokenizer.json in UTF-8; shared, so that it crosses threads without a copy. */
  readonly json: SharedArrayBuffer;
  /** Undefined: no padding token is known. */
  readonly padding: TokenPadding | undefined;
  /** Where what is too long is cut. */
  readonly truncationSide: 'left' | 'right';
}

/** Takes up the tokenizer of a model's folder. Throws MODEL_INVALID where it is missing or no JSON. */
export function parseTokenizerFile(companions: Companions): TokenizerFile {
  const text = companions.get('tokenizer.json');
  if (text === undefined) {
    throw new AppError(
      'MODEL_INVALID',
      'model.json has "text", but there is no tokenizer.json (at most 64 MiB) in the model\'s folder: put the one that the model was exported with there.',
    );
  }
  const written = parseObject(text);
  if (written === undefined) throw new AppError('MODEL_INVALID', 'tokenizer.json is not a JSON object.');
  const configText = companions.get('tokenizer_config.json');
  const settings = parseObject(configText) ?? {};
  const tokenizer = isLowercased(companions) ? lowercased(written) : written;
  const bytes = Buffer.from(tokenizer === written ? text : JSON.stringify(tokenizer));
  const json = new SharedArrayBuffer(bytes.length);
  new Uint8Array(json).set(bytes);
  const key = createHash('sha256')
    .update(bytes)
    .update('\0')
    .update(configText ?? '')
    .digest('hex');
  const truncation = isRecord(tokenizer['truncation']) ? tokenizer['truncation'] : {};
  return {
    key,
    json,
    padding: findPadding(tokenizer, settings),
    truncationSide: sideOf(settings['truncation_side'] ?? truncation['direction']),
  };
}

/** Whether sentence-transformers makes texts lower case before anything else, whatever the tokenizer does. */
const isLowercased = (companions: Companions): boolean =>
  parseObject(companions.get('sentence_bert_config.json'))?.['do_lower_case'] === true;

/** The tokenizer with a normalizer for that before its own. */
function lowercased(tokenizer: Json): Json {
  const { normalizer } = tokenizer;
  const own = isRecord(normalizer) && normalizer['type'] === 'Sequence' ? normalizer['normalizers'] : normalizer;
  const steps: readonly unknown[] = Array.isArray(own) ? own : isRecord(own) ? [own] : [];
  return { ...tokenizer, normalizer: { type: 'Sequence', normalizers: [{ type: 'Lowercase' }, ...steps] } };
}

const sideOf = (side: unknown): 'left' | 'right' =>
  typeof side === 'string' && side.toLowerCase() === 'left' ? 'left' : 'right';

/** The tokenizer's own padding, else the token that its settings name. */
function findPadding(tokenizer: Json, settings: Json): TokenPadding | undefined {
  const { padding: own, added_tokens: added } = tokenizer;
  const side = settings['padding_side'];
  if (isRecord(own) && typeof own['pad_id'] === 'number') {
    const typeId = typeof own['pad_type_id'] === 'number' ? own['pad_type_id'] : 0;
    return { id: own['pad_id'], typeId, side: sideOf(side ?? own['direction']) };
  }
  const named = settings['pad_token'];
  const token = isRecord(named) ? named['content'] : named;
  const usual = ['[PAD]', '<pad>'];
  const tokens = Array.isArray(added) ? added.filter(isRecord) : [];
  const found = tokens.find(({ content }) =>
    token === undefined ? usual.includes(String(content)) : content === token,
  );
  return typeof found?.['id'] === 'number' ? { id: found['id'], typeId: 0, side: sideOf(side) } : undefined;
}
