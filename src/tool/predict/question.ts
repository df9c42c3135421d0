import { isUtf8 } from 'node:buffer';
import { AppError, messageOf } from '../../errors.js';
import { sniffImage } from '../../image/files/format.js';
import type { NumericTensor } from '../../tensor/tensor.js';
import { isNpy, parseNpy } from './npy.js';

/** What a file asks a model. */
export type Question =
  | { readonly kind: 'image'; readonly bytes: Buffer }
  | { readonly kind: 'text'; readonly texts: readonly string[] }
  | { readonly kind: 'tensor'; readonly tensor: NumericTensor }
  | { readonly kind: 'json'; readonly form: JsonForm; readonly body: Buffer };

/** What a JSON file holds: a request of the protocol, one of version 1, what `/predictions` takes, or the bare values of a model's one input. */
export type JsonForm = 'inputs' | 'instances' | 'prediction' | 'values';

const forms: readonly (readonly [string, JsonForm])[] = [
  ['inputs', 'inputs'],
  ['instances', 'instances'],
  ['text', 'prediction'],
  ['image', 'prediction'],
  ['images', 'prediction'],
];

/** How a file is read. */
export interface Reading {
  /** Its name, for errors and for what its ending says. */
  readonly name: string;
  /** Each line of a text is a text of its own. */
  readonly byLines: boolean;
}

/** Tells by its bytes what a file asks. Throws INVALID_INPUT for what nothing can be asked with. */
export function parseQuestion(bytes: Buffer, { name, byLines }: Reading): Question {
  if (bytes.length === 0) throw new AppError('INVALID_INPUT', `${name} is empty. Expected ${expected}.`);
  if (isNpy(bytes)) return { kind: 'tensor', tensor: parseNpy(bytes) };
  const sniffed = sniffImage(bytes);
  if (sniffed.kind === 'image') return { kind: 'image', bytes };
  const json = parseJson(bytes, name);
  if (json !== undefined) return { kind: 'json', ...json };
  if (!sniffed.mayBeText || !isUtf8(bytes) || bytes.includes(0)) throw unknown(name, sniffed.what);
  const text = bytes.toString().replace(/^\ufeff/, '');
  const texts = byLines ? text.split(/\r?\n/).filter((line) => line.trim() !== '') : [text.replace(/\r?\n$/, '')];
  if (texts.every((each) => each.trim() === '')) throw new AppError('INVALID_INPUT', `${name} holds no text.`);
  return { kind: 'text', texts };
}

const expected = 'an image (JPEG, PNG, WebP, GIF, TIFF, AVIF), a text in UTF-8, JSON, or a NumPy array (.npy)';

function unknown(name: string, what: string): AppError {
  return new AppError('INVALID_INPUT', `${name} is ${what}. Expected ${expected}.`);
}

/** A JSON object or list; a file that only begins like one is a text, unless its name says otherwise. */
function parseJson(bytes: Buffer, name: string): { readonly form: JsonForm; readonly body: Buffer } | undefined {
  const isNamed = /\.json$/i.test(name);
  const body = bytes[0] === 0xef ? bytes.subarray(3) : bytes;
  if (!isNamed && !/^\s*[[{]/.test(body.toString('latin1', 0, 64))) return undefined;
  // Bare NaN and Infinity, as Python writes them, are understood by the server.
  const text = body
    .toString()
    .replace(/("[^"\\]*(?:\\.[^"\\]*)*")|-?\b(?:NaN|Infinity)\b/g, (_, quoted?: string) => quoted ?? '0');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    if (!isNamed) return undefined;
    throw new AppError('INVALID_INPUT', `${name} is not JSON: ${messageOf(cause)}.`, {
      cause,
    });
  }
  return { form: formOf(value, name), body };
}

function formOf(value: unknown, name: string): JsonForm {
  if (Array.isArray(value)) return 'values';
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const form = forms.find(([key]) => keys.includes(key))?.[1];
  if (form !== undefined) return form;
  const held = keys.length === 0 ? `a ${typeof value}` : `an object with ${keys.slice(0, 5).join(', ')}`;
  throw new AppError(
    'INVALID_INPUT',
    `${name} holds ${held}. Expected a list of values, or an object with "inputs" (tensors), "instances", "text", "image" or "images".`,
  );
}
