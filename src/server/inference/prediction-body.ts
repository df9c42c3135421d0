import { isUtf8 } from 'node:buffer';
import { AppError } from '../../errors.js';
import { sniffImage } from '../../image/files/format.js';
import type { ModelSignature } from '../../protocol/types.js';
import type { Codec } from '../codec/codec.js';
import { findTextProblem } from '../codec/texts-json.js';
import { beginsLikeObject, expectedBody, refuseList, type PredictionInput } from '../codec/prediction-request.js';
import { isOption, optionNames, parseOptions, type PredictionOptions } from '../codec/prediction-options.js';

/** A body of `POST /predictions/{model}` with what it is read by. */
export interface PredictionBody {
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly signature: ModelSignature;
  /** Whether the model takes texts. */
  readonly takesText: boolean;
}

/**
 * Reads a body by what it is: multipart where its type says so, text where its type does and the model takes it, JSON where it begins like
 * an object, else one image, or one text where the model takes texts and no images.
 */
export async function readPredictionBody(codec: Codec, sent: PredictionBody): Promise<PredictionInput> {
  const { body, contentType = '', signature, takesText } = sent;
  if (body.length === 0) throw new AppError('INVALID_INPUT', `The request has no body: ${expectedBody}`);
  if (/^\s*multipart\/form-data/i.test(contentType)) return readForm(sent, contentType);
  if (takesText && /^\s*text\/plain/i.test(contentType)) return textsOf([readText(body, contentType)]);
  if (beginsLikeObject(body)) return codec.decodePrediction(body, signature);
  refuseField(body, contentType);
  if (takesTextAlone(sent) && untyped.test(contentType)) return textsOf([readText(body, '')]);
  refuseList(body, signature.name);
  refuseMangled(body, contentType);
  return { kind: 'images', images: [body], isSingle: true, asked: {} };
}

const takesTextAlone = ({ takesText, signature }: PredictionBody): boolean =>
  takesText && signature.imageInputs === undefined;

/** Types that curl and HTTP libraries set where nobody named one. */
const untyped = /^\s*(text\/|application\/(x-www-form-urlencoded|octet-stream)|$)/i;

const textsOf = (texts: readonly string[], asked: PredictionOptions = {}): PredictionInput => ({
  kind: 'texts',
  texts,
  isSingle: texts.length === 1,
  asked,
});

/** A whole body as one text. */
function readText(body: Buffer, contentType: string): string {
  const [, charset = 'utf-8'] = /charset="?([^";\s]+)/i.exec(contentType) ?? [];
  if (!/^(utf-?8|us-ascii)$/i.test(charset) || !isUtf8(body)) {
    throw new AppError('INVALID_INPUT', `The body is not text in UTF-8 (its charset is '${charset}'): send UTF-8.`);
  }
  return checkText(body.toString().replace(/^\uFEFF/, ''));
}

function checkText(text: string): string {
  const problem = findTextProblem(text);
  if (problem !== undefined) throw new AppError('INVALID_INPUT', `The text ${problem}`);
  return text;
}

const isUrlEncoded = (contentType: string): boolean => /^\s*application\/x-www-form-urlencoded/i.test(contentType);

/** Throws INVALID_INPUT for what `curl -d name=value` and plain HTML forms send. */
function refuseField(body: Buffer, contentType: string): void {
  const name = isUrlEncoded(contentType) ? /^([\w.[\]-]{1,64})=/.exec(body.toString('latin1', 0, 80))?.[1] : undefined;
  if (name === undefined) return;
  throw new AppError(
    'INVALID_INPUT',
    `The body is a URL-encoded form with a field '${name}', which is not read: send an image with curl -F image=@FILE or curl -T FILE, ` +
      'text with the Content-Type text/plain, or JSON',
  );
}

const stripped = [0, 10, 13];

/**
 * Throws INVALID_INPUT for a file that curl -d has made a text of: images are full of the bytes that it takes out. Its type may have been set to an
 * image's; what is text through and through was none.
 */
export function refuseMangled(body: Buffer, contentType: string): void {
  if (stripped.some((byte) => body.includes(byte)) || isNoImage(body)) return;
  if (!isUrlEncoded(contentType) && isUtf8(body)) return;
  throw new AppError(
    'INVALID_INPUT',
    'The body has no line break and no zero byte, probably because curl -d removed them from a file: send the image with ' +
      'curl --data-binary @image or curl -T image',
  );
}

/** A file of a kind that is known, and refused by its name. */
function isNoImage(body: Buffer): boolean {
  const sniffed = sniffImage(body);
  return sniffed.kind === 'other' && !sniffed.mayBeText;
}

/** Fields of a form that hold a text for a model that takes it, by the names that this server and TorchServe have for it. */
const textFields = ['text', 'data', 'body'];

async function readForm(sent: PredictionBody, contentType: string): Promise<PredictionInput> {
  const { parseMultipart } = await import('./multipart.js');
  const { files, fields } = await parseMultipart(sent.body, contentType);
  const isText = ([name]: readonly [string, string]): boolean => sent.takesText && textFields.includes(name);
  const texts = fields.filter(isText).map(([, value]) => checkText(value));
  const asked = readFields(fields.filter((field) => !isText(field)));
  if (takesTextAlone(sent)) texts.push(...files.map((file) => readText(file, '')));
  else if (files.length > 0) return { kind: 'images', images: files, isSingle: files.length === 1, asked };
  if (texts.length === 0) throw new AppError('INVALID_INPUT', `The form has no file: ${expectedBody}`);
  return textsOf(texts, asked);
}

/** What a form asks of its answer. Throws INVALID_INPUT for a field that means nothing. */
function readFields(fields: readonly (readonly [name: string, value: string])[]): PredictionOptions {
  for (const [name] of fields) {
    if (isOption(name) && fields.filter(([other]) => other === name).length === 1) continue;
    const problem = isOption(name) ? 'comes twice' : `is not a field of this form: expected ${knownFields}`;
    throw new AppError('INVALID_INPUT', `${JSON.stringify(name.slice(0, 64))} ${problem}`);
  }
  return parseOptions(Object.fromEntries(fields));
}

const knownFields = `files (curl -F image=@FILE, with the @) and the fields ${optionNames.map((name) => `'${name}'`).join(', ')}`;
