import { AppError } from '../../errors.js';
import type { ModelSignature } from '../../protocol/types.js';
import type { Codec } from '../codec/codec.js';
import { beginsLikeObject, expectedBody, type PredictionInput } from '../codec/prediction-request.js';
import { parseOptions } from '../codec/prediction-options.js';

/** A body of `POST /predictions/{model}` with what it is read by. */
export interface PredictionBody {
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly signature: ModelSignature;
}

/** Reads a body by what it is: multipart where its type says so, JSON where it begins like an object, else one picture. */
export async function readPredictionBody(codec: Codec, sent: PredictionBody): Promise<PredictionInput> {
  const { body, contentType, signature } = sent;
  if (body.length === 0) throw new AppError('INVALID_INPUT', `The request has no body: ${expectedBody}`);
  if (contentType !== undefined && /^\s*multipart\/form-data/i.test(contentType)) return readForm(body, contentType);
  if (beginsLikeObject(body)) return codec.decodePrediction(body, signature);
  return { kind: 'pictures', pictures: [body], isSingle: true, asked: {} };
}

async function readForm(body: Buffer, contentType: string): Promise<PredictionInput> {
  const { parseMultipart } = await import('./multipart.js');
  const { files, fields } = await parseMultipart(body, contentType);
  if (files.length === 0) throw new AppError('INVALID_INPUT', `The form has no file: ${expectedBody}`);
  return {
    kind: 'pictures',
    pictures: files,
    isSingle: files.length === 1,
    asked: parseOptions(Object.fromEntries(fields)),
  };
}
