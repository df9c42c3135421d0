import { AppError } from '../../../errors.js';
import type { TextInput, TokenIds } from '../../../model/tasks/text-config.js';
import type { TextBatch } from '../../../tasks/text/batches.js';
import type { ServableModel } from '../../../repository/types.js';
import type { Codec } from '../../codec/codec.js';

/** Texts as the model's inputs, with others of about their length. Throws INVALID_INPUT where the model takes none. */
export async function readTextBatches(
  codec: Codec,
  texts: readonly (TextInput | TokenIds)[],
  { model, mostRows }: { readonly model: ServableModel; readonly mostRows: number },
): Promise<readonly TextBatch[]> {
  const { tokenizer, inputs: specs, name } = model;
  const { text: config } = model.config;
  if (config !== undefined && tokenizer !== undefined) {
    return codec.tokenize({ model: name, texts, config, specs, tokenizer, mostRows });
  }
  const instead =
    model.config.image === undefined
      ? `its inputs (${specs.map((spec) => spec.name).join(', ')}) as tensors`
      : 'an image';
  throw new AppError(
    'INVALID_INPUT',
    `Model '${name}' takes no text: there is no tokenizer.json in its folder, or no "text" in its model.json. Send ${instead} instead.`,
  );
}

/** Rows in the order of the inputs that they are of. Throws MODEL_INVALID where a model answers another number of rows. */
export function inOrder<T>(rows: readonly T[], order: readonly number[] = rows.map((_, n) => n)): readonly T[] {
  if (rows.length !== order.length) {
    throw new AppError(
      'MODEL_INVALID',
      `The model answers ${rows.length} rows for ${order.length} inputs: expected as many`,
    );
  }
  const sorted: T[] = [];
  rows.forEach((row, n) => (sorted[order[n] ?? n] = row));
  return sorted;
}
