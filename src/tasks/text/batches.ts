import { AppError } from '../../errors.js';
import type { TextConfig, TextInput, TokenIds } from '../../model/tasks/text-config.js';
import type { TokenPadding, TokenizerFile } from '../../model/tokenizer-file.js';
import type { NumericTensor, TensorSpec } from '../../tensor/tensor.js';
import { openTokenizer, type EncodedText } from './tokenizer.js';

/** Texts of one padded length as the model's inputs. */
export interface TextBatch {
  /** Which of the texts each row is. */
  readonly texts: readonly number[];
  /** Tokens of all rows, padding left out. */
  readonly tokens: number;
  readonly inputs: ReadonlyMap<string, NumericTensor>;
}

/** How texts are divided into batches. */
export interface BatchOptions {
  readonly config: TextConfig;
  /** The model's inputs. */
  readonly specs: readonly TensorSpec[];
  /** Most rows of a batch. */
  readonly mostRows: number;
}

/** Texts as inputs: tokenised, cut, and joined with others of about their length. Throws INVALID_INPUT and MODEL_INVALID. */
export function textsToBatches(
  texts: readonly (TextInput | TokenIds)[],
  options: BatchOptions & { readonly tokenizer: TokenizerFile },
): readonly TextBatch[] {
  const tokenizer = openTokenizer(options.tokenizer);
  const { maxLength } = options.config;
  const encoded = texts.map((text) =>
    text instanceof Int32Array ? takeIds(text, maxLength) : tokenizer.encode(text, maxLength),
  );
  return makeBatches(encoded, { ...options, padding: options.tokenizer.padding });
}

/** Token numbers as they are: which of them could be cut off is not known here. */
function takeIds(tokens: TokenIds, maxLength: number): EncodedText {
  if (tokens.length > maxLength) {
    const text = `A list of ${tokens.length} token numbers is too long: expected at most ${maxLength}, special ones included. Send less, or the text itself, which is cut.`;
    throw new AppError('INVALID_INPUT', text);
  }
  const ids = Array.from(tokens);
  return { ids, types: ids.map(() => 0) };
}

/** Batches of tokens, shortest first; the order of equal lengths is that of the texts. */
export function makeBatches(
  encoded: readonly EncodedText[],
  options: BatchOptions & { readonly padding: TokenPadding | undefined },
): readonly TextBatch[] {
  const groups = new Map<number, number[]>();
  encoded.forEach(({ ids }, text) => {
    const length = paddedLength(ids.length, options);
    const group = groups.get(length);
    if (group === undefined) groups.set(length, [text]);
    else group.push(text);
  });
  const mostRows = Math.max(1, options.mostRows);
  return [...groups]
    .sort(([a], [b]) => a - b)
    .flatMap(([length, group]) =>
      Array.from({ length: Math.ceil(group.length / mostRows) }, (_, n) => {
        const texts = group.slice(n * mostRows, (n + 1) * mostRows);
        const rows = texts.map((text) => encoded[text] ?? nothing);
        const tokens = rows.reduce((sum, { ids }) => sum + ids.length, 0);
        return { texts, tokens, inputs: makeInputs(rows, { ...options, length }) };
      }),
    );
}

const nothing: EncodedText = { ids: [], types: [] };

/** Without a mask or a padding token rows have the length of their text, since padding would change the answer. */
function paddedLength(
  length: number,
  { config, padding }: { readonly config: TextConfig; readonly padding: TokenPadding | undefined },
): number {
  if (length === 0)
    throw new AppError('INVALID_INPUT', 'A text has no token: the tokenizer finds nothing in it. Leave it out.');
  const { fixedLength, maxLength, mask } = config;
  if (fixedLength !== undefined) {
    if (length === fixedLength || (padding !== undefined && length < fixedLength)) return fixedLength;
    throw new AppError(
      'MODEL_INVALID',
      `A text has ${length} tokens, the model takes ${fixedLength}, and its tokenizer names no padding token: give "pad_token" in tokenizer_config.json.`,
    );
  }
  return mask === undefined || padding === undefined ? length : Math.max(length, Math.min(bucketOf(length), maxLength));
}

/** 8, 12, 16, 24, 32, 48 and so on: at most a third of a row is padding, and there are few shapes. */
export function bucketOf(length: number): number {
  let bucket = 8;
  while (bucket < length) {
    if (bucket * 1.5 >= length) return bucket * 1.5;
    bucket *= 2;
  }
  return bucket;
}

function makeInputs(
  rows: readonly EncodedText[],
  {
    config,
    specs,
    padding,
    length,
  }: BatchOptions & { readonly padding: TokenPadding | undefined; readonly length: number },
): ReadonlyMap<string, NumericTensor> {
  const { ids, mask, types } = config;
  const inputs = new Map<string, NumericTensor>();
  const put = (name: string | undefined, valuesOf: (row: EncodedText) => readonly number[], fill: number): void => {
    if (name === undefined) return;
    const values = rows.flatMap((row) => pad(valuesOf(row), { length, fill, side: padding?.side ?? 'right' }));
    const shape = [rows.length, length];
    const isShort = specs.find((spec) => spec.name === name)?.datatype === 'INT32';
    inputs.set(
      name,
      isShort
        ? { datatype: 'INT32', shape, data: Int32Array.from(values) }
        : { datatype: 'INT64', shape, data: BigInt64Array.from(values, BigInt) },
    );
  };
  put(ids, (row) => row.ids, padding?.id ?? 0);
  put(mask, (row) => row.ids.map(() => 1), 0);
  put(types, (row) => row.types, padding?.typeId ?? 0);
  return inputs;
}

function pad(
  values: readonly number[],
  { length, fill, side }: { readonly length: number; readonly fill: number; readonly side: 'left' | 'right' },
): readonly number[] {
  const bars = new Array<number>(length - values.length).fill(fill);
  return side === 'left' ? [...bars, ...values] : [...values, ...bars];
}
