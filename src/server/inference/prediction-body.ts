import { isUtf8 } from 'node:buffer';
import { AppError } from '../../errors.js';
import type { ModelSignature } from '../../protocol/types.js';
import type { Codec } from '../codec/codec.js';
import { findTextProblem } from '../codec/texts-json.js';
import { beginsLikeObject, expectedBody, type PredictionInput } from '../codec/prediction-request.js';
import { parseOptions } from '../codec/prediction-options.js';

/** A body of `POST /predictions/{model}` with what it is read by. */
export interface PredictionBody {
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly signature: ModelSignature;
  /** Whether the model takes texts. */
  readonly takesText: boolean;
}

/** Reads a body by what it is: multipart where its type says so, text where its type does and the model takes it, JSON where it begins like an object, else one image. */
export async function readPredictionBody(codec: Codec, sent: PredictionBody): Promise<PredictionInput> {
  const { body, contentType, signature } = sent;
  if (body.length === 0) throw new AppError('INVALID_INPUT', `The request has no body: ${expectedBody}`);
  if (contentType !== undefined && /^\s*multipart\/form-data/i.test(contentType)) return readForm(body, contentType);
  if (sent.takesText && contentType !== undefined && /^\s*text\/plain/i.test(contentType))
    return readText(body, contentType);
  if (beginsLikeObject(body)) return codec.decodePrediction(body, signature);
  if (isMangled(body, contentType)) throw new AppError('INVALID_INPUT', mangled);
  return { kind: 'images', images: [body], isSingle: true, asked: {} };
}

/** A whole body as one text. */
function readText(body: Buffer, contentType: string): PredictionInput {
  const [, charset = 'utf-8'] = /charset="?([^";\s]+)/i.exec(contentType) ?? [];
  if (!/^(utf-?8|us-ascii)$/i.test(charset) || !isUtf8(body)) {
    throw new AppError('INVALID_INPUT', `The body is not text in UTF-8 (its charset is '${charset}'): send UTF-8.`);
  }
  const text = body.toString().replace(/^\uFEFF/, '');
  const problem = findTextProblem(text);
  if (problem !== undefined) throw new AppError('INVALID_INPUT', `The text ${problem}`);
  return { kind: 'texts', texts: [text], isSingle: true, asked: {} };
}

const mangled =
  'The body holds no line break and no zero byte, as curl -d leaves it, which takes them out of files: send the image with ' +
  'curl --data-binary @image or curl -T image';

/** Whether curl made a form of a file: images are full of the bytes that it takes out. */
function isMangled(body: Buffer, contentType: string | undefined): boolean {
  const isUrlEncoded = contentType !== undefined && /^\s*application\/x-www-form-urlencoded/i.test(contentType);
  return isUrlEncoded && [0, 10, 13].every((byte) => !body.includes(byte));
}

async function readForm(body: Buffer, contentType: string): Promise<PredictionInput> {
  const { parseMultipart } = await import('./multipart.js');
  const { files, fields } = await parseMultipart(body, contentType);
  if (files.length === 0) throw new AppError('INVALID_INPUT', `The form has no file: ${expectedBody}`);
  return {
    kind: 'images',
    images: files,
    isSingle: files.length === 1,
    asked: parseOptions(Object.fromEntries(fields)),
  };
}
