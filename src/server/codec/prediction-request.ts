import { AppError } from '../../errors.js';
import { decodeInferRequest } from '../../protocol/v2/decode-request.js';
import { refuseRepeat } from '../../protocol/v2/decode-tensor.js';
import { readDouble } from '../../protocol/json/number.js';
import { JsonReader } from '../../protocol/json/reader.js';
import { skipValue } from '../../protocol/json/nesting.js';
import type { ModelSignature } from '../../protocol/types.js';
import { mostImages, validateInferRequest, type CheckedRequest } from '../../protocol/validate.js';
import type { BytesElement } from '../../tensor/tensor.js';
import type { TextInput } from '../../model/tasks/text-config.js';
import { readTexts, type ReadTexts } from './texts-json.js';
import { isOption, optionNames, parseOptions, type PredictionOptions, type OptionName } from './prediction-options.js';

/** What a body of `POST /predictions/{model}` holds. */
export type PredictionInput =
  | {
      readonly kind: 'images';
      readonly images: readonly BytesElement[];
      /** One image that was not sent as a list: its predictions are not put into one. */
      readonly isSingle: boolean;
      readonly asked: PredictionOptions;
    }
  | {
      readonly kind: 'texts';
      readonly texts: readonly TextInput[];
      readonly isSingle: boolean;
      readonly asked: PredictionOptions;
    }
  /** A request of the Open Inference Protocol, whose FP16 and BF16 tensors may be numbers too. */
  | { readonly kind: 'tensors'; readonly request: CheckedRequest; readonly asked: PredictionOptions };

/** What is expected of a body, for messages. */
export const expectedBody =
  'expected an image, a form with images, text (text/plain), or JSON with "image", "images", "text" or "inputs"';

const [brace, bracket, blanks] = [0x7b, 0x5b, new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf])];

/** Whether a body is JSON: no image format begins with a brace, white space or a byte order mark. */
export function beginsLikeObject(body: Buffer): boolean {
  return body.find((byte) => !blanks.has(byte)) === brace;
}

/** Throws INVALID_INPUT for a JSON list, which holds the rows of a tensor where one of the protocol's objects has to be; no image begins like it. */
export function refuseList(body: Buffer, model: string): void {
  if (body.find((byte) => !blanks.has(byte)) !== bracket) return;
  const path = `/v1/models/${encodeURIComponent(model)}:predict`;
  throw new AppError(
    'INVALID_INPUT',
    `The body begins like a JSON list: ${expectedBody}. Rows alone are for POST ${path}, as {"instances": [...]}`,
  );
}

interface Members {
  image?: string;
  images?: readonly string[];
  text?: ReadTexts;
  /** Whether there are tensors; they are read afterwards, by the protocol's own rules. */
  inputs?: true;
  /** The first member that nothing here knows. */
  unknown?: string;
  options: Partial<Record<OptionName, unknown>>;
}

/** Reads a JSON body, and its tensors against their model. Throws INVALID_INPUT. */
export function decodePredictionJson(body: Buffer, model: ModelSignature): PredictionInput {
  const members: Members = { options: {} };
  const reader = new JsonReader(body, 'the body, which begins like JSON');
  reader.readObject('the request', (key) => {
    if (!reader.takeNull()) readMember(reader, key, members);
  });
  reader.finish();
  const { image, images, text, inputs, unknown } = members;
  const asked = parseOptions(members.options);
  const count = [image, images, text, inputs].filter((value) => value !== undefined).length;
  if (count > 1 || (count === 0 && model.inputs.length > 0)) {
    throw new AppError(
      'INVALID_INPUT',
      'Expected exactly one of "image", "images", "text" and "inputs" in the JSON body',
    );
  }
  if (unknown !== undefined && inputs === undefined && count > 0) throw noMember(unknown);
  if (image !== undefined) return { kind: 'images', images: [image], isSingle: true, asked };
  if (images !== undefined) return { kind: 'images', images, isSingle: false, asked };
  if (text !== undefined) return { kind: 'texts', ...text, asked };
  const request = validateInferRequest(decodeInferRequest({ body, hasHalfNumbers: true }, model), model);
  return { kind: 'tensors', request, asked };
}

/** Members of a request of the protocol, which mean nothing to images and texts. */
const ofProtocol = new Set(['id', 'parameters', 'outputs']);

/** A word that is misspelt would be passed over: then the answer is another one than was asked for. */
function noMember(key: string): AppError {
  const names = ['image', 'images', 'text', 'inputs', ...optionNames].map((name) => `"${name}"`).join(', ');
  return new AppError('INVALID_INPUT', `${JSON.stringify(key)} is no member of this body: expected ${names}`);
}

function readMember(reader: JsonReader, key: string, members: Members): void {
  if (isOption(key)) {
    refuseRepeat(reader, key, members.options[key]);
    members.options[key] = readOption(reader, key);
    return;
  }
  if (key !== 'image' && key !== 'images' && key !== 'text' && key !== 'inputs') {
    if (!ofProtocol.has(key)) members.unknown ??= key;
    skipValue(reader);
    return;
  }
  refuseRepeat(reader, key, members[key]);
  if (key === 'image') members.image = reader.readString('"image", an image in base64,');
  else if (key === 'images') members.images = readImageList(reader);
  else if (key === 'text') members.text = readTexts(reader);
  else {
    members.inputs = true;
    skipValue(reader, true);
  }
}

function readOption(reader: JsonReader, key: OptionName): unknown {
  if (key === 'similarity' || key === 'preview') return reader.readBoolean(`"${key}"`);
  return key === 'mask' ? reader.readString('"mask"') : readDouble(reader);
}

function readImageList(reader: JsonReader): readonly string[] {
  const images: string[] = [];
  reader.readArray('"images", a list of images in base64,', () => {
    if (images.length === mostImages) reader.fail(`"images" has more than ${mostImages} images`);
    images.push(reader.readString('"images": an element'));
  });
  return images.length > 0 ? images : reader.fail('"images" must be a list of one or more images in base64');
}
