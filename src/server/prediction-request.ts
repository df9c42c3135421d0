import { AppError } from '../errors.js';
import type { BytesElement } from '../tensor/tensor.js';

/** What a body of `POST /predictions/{model}` holds. */
export type PredictionInput =
  | {
      readonly kind: 'pictures';
      readonly pictures: readonly BytesElement[];
      /** One picture that was not sent as a list: its predictions are not put into one. */
      readonly isSingle: boolean;
      readonly top?: number;
    }
  /** A request of the Open Inference Protocol, in the same bytes. */
  | { readonly kind: 'tensors'; readonly top?: number };

/** Reads a body by what it is: multipart where its type says so, JSON where it begins like an object, else one picture. */
export async function parsePredictionBody(body: Buffer, contentType: string | undefined): Promise<PredictionInput> {
  if (body.length === 0) throw new AppError('INVALID_INPUT', `The request has no body: ${expected}`);
  if (contentType?.toLowerCase().startsWith('multipart/form-data') === true) {
    const { parseMultipart } = await import('./multipart.js');
    const { files, fields } = await parseMultipart(body, contentType);
    if (files.length === 0) throw new AppError('INVALID_INPUT', `The form has no file: ${expected}`);
    const top = fields.get('top');
    return {
      kind: 'pictures',
      pictures: files,
      isSingle: files.length === 1,
      ...(top === undefined ? {} : { top: parseTop(top) }),
    };
  }
  if (beginsLikeObject(body)) return parseJsonBody(body);
  return { kind: 'pictures', pictures: [body], isSingle: true };
}

/** How many predictions: a whole number of 1 or more. Throws INVALID_INPUT. */
export function parseTop(text: unknown): number {
  const value =
    typeof text === 'number' ? text : typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new AppError('INVALID_INPUT', `'top' is ${JSON.stringify(text)}: expected a whole number of 1 or more`);
}

const expected = 'expected a picture, a form with pictures, or JSON with "image", "images" or "inputs"';
const brace = 0x7b;

/** No picture format begins with a brace or white space. */
function beginsLikeObject(body: Buffer): boolean {
  const first = body.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return first === brace;
}

function parseJsonBody(body: Buffer): PredictionInput {
  const { image, images, inputs, top } = parseObject(body);
  const given = top === undefined ? {} : { top: parseTop(top) };
  if ([image, images, inputs].filter((value) => value !== undefined).length !== 1) {
    throw new AppError('INVALID_INPUT', 'Expected exactly one of "image", "images" and "inputs" in the JSON body');
  }
  if (inputs !== undefined) return { kind: 'tensors', ...given };
  if (typeof image === 'string') return { kind: 'pictures', pictures: [image], isSingle: true, ...given };
  if (Array.isArray(images) && images.length > 0 && images.every((each) => typeof each === 'string')) {
    return { kind: 'pictures', pictures: images, isSingle: false, ...given };
  }
  throw new AppError(
    'INVALID_INPUT',
    '"image" must be a text in base64, and "images" a list of one or more such texts',
  );
}

function parseObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(body.toString('utf8')) as Readonly<Record<string, unknown>>;
  } catch (thrown) {
    throw new AppError('INVALID_INPUT', `The body begins like JSON but is not: ${expected}`, { cause: thrown });
  }
}
