import { AppError } from '../../errors.js';
import { datatypes } from '../../tensor/datatype.js';
import { numbersOf } from '../../tensor/half.js';
import { JsonText } from './json-text.js';
import { addNumbers } from './number-text.js';
import type { BytesElement, NumericTensor, Tensor } from '../../tensor/tensor.js';

/** How a tensor's elements are written, and what messages call it. */
export interface DataTextOptions {
  readonly label: string;
  /** Bare NaN and Infinity tokens, which are not JSON, instead of null. */
  readonly nonFiniteTokens: boolean;
  /** FP16 and BF16 as numbers, for which the Open Inference Protocol has no JSON form. */
  readonly halfNumbers?: boolean;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Adds a tensor's elements as a flat JSON array. Throws INVALID_INPUT for what JSON cannot carry. */
export function addData(text: JsonText, tensor: Tensor, options: DataTextOptions): void {
  const { datatype } = tensor;
  if (datatypes[datatype].kind === 'half' && options.halfNumbers !== true) {
    throw new AppError(
      'INVALID_INPUT',
      `sending ${datatype} data via JSON is not supported. Please use the binary data format for ${options.label}`,
    );
  }
  if (datatype === 'BYTES') {
    text.add(formatTexts(tensor.data, options.label));
    return;
  }
  text.add('[');
  if (datatype === 'BOOL') text.addAscii(formatBooleans(tensor));
  else addNumbers(text, numbersOf(tensor), options.nonFiniteTokens);
  text.add(']');
}

/** The same as a text. */
export function formatData(tensor: Tensor, options: DataTextOptions): string {
  const text = new JsonText();
  addData(text, tensor, options);
  return text.toString();
}

function formatBooleans({ data }: NumericTensor): string {
  return Array.from(data as Uint8Array, (value) => (value === 0 ? 'false' : 'true')).join(',');
}

function formatTexts(elements: readonly BytesElement[], label: string): string {
  return JSON.stringify(elements.map((element) => (typeof element === 'string' ? element : toText(element, label))));
}

function toText(bytes: Uint8Array, label: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new AppError(
      'INVALID_INPUT',
      `${label} holds bytes that are not valid UTF-8, which JSON cannot carry: ask for binary data instead`,
    );
  }
}
