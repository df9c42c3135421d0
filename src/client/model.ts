import { AppError } from '../errors.js';
import { omitUndefined } from '../omit-undefined.js';
import { encodeInferRequest, decodeInferResponse } from '../protocol/client.js';
import { headerLengthName, parseHeaderLength } from '../protocol/v2/binary-part.js';
import { buildPath, type RouteKind } from '../protocol/paths.js';
import type { ModelMetadata, ParameterValue, RequestedOutput } from '../protocol/types.js';
import type { Tensor } from '../tensor/tensor.js';
import { toAnswerError } from './answer-error.js';
import type { CallOptions, HttpAnswer, HttpClient, HttpRequest } from './http.js';
import { taskOf, type ModelTask } from './task.js';

/** Options of `infer()`. */
export interface InferOptions extends CallOptions {
  readonly id?: string;
  /** Only these outputs; all unless given. */
  readonly outputs?: readonly (string | RequestedOutput)[];
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
  /** `binary` unless given: numbers cross as they lie in memory. */
  readonly form?: 'binary' | 'json';
}

/** A model's answer. */
export interface Inference {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id?: string;
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Where it was computed, as the server measured it; empty where the server does not tell. */
  readonly device: string;
}

/** A class with its probability. */
export interface Prediction {
  readonly label: string;
  readonly index: number;
  /** 0..1. */
  readonly probability: number;
}

/** Options of `predict()`. */
export interface PredictOptions extends CallOptions {
  /** Predictions an image. */
  readonly top?: number;
}

/** What a classifier says of one image, most probable first. */
export interface ImagePrediction {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly device: string;
  readonly predictions: readonly Prediction[];
}

/** An object in an image. */
export interface Detection {
  /** x0, y0, x1, y1 in pixels of the image as sent, upright. */
  readonly box: readonly [x0: number, y0: number, x1: number, y1: number];
  /** Where the model has labels. */
  readonly label?: string;
  readonly index: number;
  /** 0..1. */
  readonly score: number;
  /** Pixels of the object, of a model with masks. */
  readonly pixels?: number;
  /** Left, top, right and bottom in whole pixels of the image: what `mask` covers. */
  readonly area?: readonly [left: number, top: number, right: number, bottom: number];
  /** A PNG of one bit for each pixel of the area. */
  readonly mask?: Uint8Array;
  /** First pixel and length of each run over the image, where runs were asked for. */
  readonly runs?: readonly number[];
}

/** Options of `detect()`. */
export interface DetectOptions extends CallOptions {
  /** Least score; the model's own unless given. */
  readonly score?: number;
  /** Overlap above which a better box of the same class removes a box. */
  readonly iou?: number;
  /** Most detections. */
  readonly max?: number;
  /** How the masks of objects come, of a model that has them. Default: png. */
  readonly mask?: 'png' | 'runs' | 'none';
}

/** What a detector finds in one image, best first. */
export interface ImageDetections extends Omit<ImagePrediction, 'predictions'> {
  readonly detections: readonly Detection[];
}

/** Options of `segment()`. */
export interface SegmentOptions extends CallOptions {
  /** How the class of each pixel comes: a PNG whose palette indices are class numbers, runs of pixels, or not at all. Default: png. */
  readonly mask?: 'png' | 'runs' | 'none';
}

/** One class that occurs in an image. */
export interface SegmentedClass {
  readonly label?: string;
  readonly index: number;
  readonly pixels: number;
  /** Part of the image, 0 to 1. */
  readonly share: number;
  /** First pixel and length of each run, row by row, where runs were asked for. */
  readonly runs?: readonly number[];
}

/** The classes of an image's pixels. */
export interface ImageSegmentation extends Omit<ImagePrediction, 'predictions'> {
  readonly width: number;
  readonly height: number;
  readonly classes: readonly SegmentedClass[];
  /** The PNG, where one was asked for. */
  readonly mask?: Uint8Array;
}

/** A text, or two that belong together. */
export type TextInput = string | readonly [string, string];

/** Options of `embed()`. */
export interface EmbedOptions extends CallOptions {
  /** Answer the cosine of each vector with each too. */
  readonly similarity?: boolean;
}

/** The vectors of texts, in their order. */
export interface TextEmbeddings extends Omit<ImagePrediction, 'predictions'> {
  readonly embeddings: readonly (readonly number[])[];
  /** Where it was asked for. */
  readonly similarity?: readonly (readonly number[])[];
}

/** One model of a server, or one version of it. */
export interface ModelClient {
  readonly name: string;
  readonly version?: string;
  infer(inputs: Readonly<Record<string, Tensor>>, options?: InferOptions): Promise<Inference>;
  /** Labels of a whole JPEG, PNG, WebP, GIF, TIFF or AVIF file. Rejects with REQUEST_FAILED where the model is no classifier. */
  predictImage(image: Uint8Array, options?: PredictOptions): Promise<ImagePrediction>;
  /** Boxes of a detector in one image file. Rejects with REQUEST_FAILED where the model is none. */
  detect(image: Uint8Array, options?: DetectOptions): Promise<ImageDetections>;
  /** The class of each pixel of one image file. Rejects with REQUEST_FAILED where the model tells none. */
  segment(image: Uint8Array, options?: SegmentOptions): Promise<ImageSegmentation>;
  /** Labels of a text or pair, most probable first. Rejects with REQUEST_FAILED where the model is no classifier. */
  classifyText(text: TextInput, options?: PredictOptions): Promise<ImagePrediction>;
  /** The vectors of texts or pairs. Rejects with REQUEST_FAILED where the model makes none. */
  embed(texts: readonly TextInput[], options?: EmbedOptions): Promise<TextEmbeddings>;
  metadata(options?: CallOptions): Promise<ModelMetadata>;
  /** What the model is for and what it takes, as the server found or was told: which of the calls above fits. */
  task(options?: CallOptions): Promise<ModelTask>;
  isReady(options?: CallOptions): Promise<boolean>;
  /** Versions that are ready. */
  versions(options?: CallOptions): Promise<readonly string[]>;
}

/** A model's calls over an open client. */
export function openModel(http: HttpClient, name: string, version?: string): ModelClient {
  const ref = { model: name, ...(version === undefined ? {} : { version }) };
  const call = async (kind: RouteKind, request: Omit<HttpRequest, 'path'>, query = ''): Promise<HttpAnswer> => {
    const answer = await http.send({ ...request, path: buildPath(kind, ref) + query });
    if (answer.status !== 200) throw toAnswerError(answer, `model ${name}`);
    return answer;
  };
  const metadata = async (options: CallOptions = {}): Promise<ModelMetadata> =>
    parseBody(await call('model', { ...options, method: 'GET' })) as ModelMetadata;
  return {
    ...ref,
    name,
    metadata,
    task: async (options) => taskOf(await metadata(options)),
    versions: async (options) => (await metadata(options)).versions,
    isReady: async (options = {}) => {
      const answer = await http.send({ retries: 0, ...options, method: 'GET', path: buildPath('model-ready', ref) });
      if (answer.status === 404 || answer.status === 401) throw toAnswerError(answer, `model ${name}`);
      return answer.status === 200;
    },
    infer: async (inputs, options = {}) => {
      const { body, headers } = encodeRequest(inputs, options);
      return parseInference(await call('model-infer', { ...callOptionsOf(options), method: 'POST', headers, body }));
    },
    ...imageCalls(name, call),
    ...textCalls(name, call),
  };
}

type SendCall = (kind: RouteKind, request: Omit<HttpRequest, 'path'>, query?: string) => Promise<HttpAnswer>;

/** The calls that send an image. */
function imageCalls(name: string, call: SendCall): Pick<ModelClient, 'predictImage' | 'segment' | 'detect'> {
  const sendImage = async (image: Uint8Array, options: CallOptions, query: string): Promise<HttpAnswer> => {
    const headers = { 'content-type': 'application/octet-stream' };
    return call('predictions', { ...callOptionsOf(options), method: 'POST', headers, body: image }, query);
  };
  return {
    predictImage: async (image, options = {}) => {
      const query = options.top === undefined ? '' : `?top=${options.top}`;
      return parseImagePrediction(await sendImage(image, options, query), name);
    },
    segment: async (image, options = {}) => {
      const query = options.mask === undefined ? '' : `?mask=${options.mask}`;
      return parseSegmentation(await sendImage(image, options, query), name);
    },
    detect: async (image, options = {}) => {
      const asked = (['score', 'iou', 'max', 'mask'] as const).flatMap((key) =>
        options[key] === undefined ? [] : [`${key}=${options[key]}`],
      );
      return parseDetections(await sendImage(image, options, asked.length === 0 ? '' : `?${asked.join('&')}`), name);
    },
  };
}

/** The calls that send texts. */
function textCalls(name: string, call: SendCall): Pick<ModelClient, 'classifyText' | 'embed'> {
  const sendTexts = async (text: readonly TextInput[], options: CallOptions, query: string): Promise<HttpAnswer> => {
    const headers = { 'content-type': 'application/json' };
    const body = Buffer.from(JSON.stringify({ text }));
    return call('predictions', { ...callOptionsOf(options), method: 'POST', headers, body }, query);
  };
  return {
    classifyText: async (text, options = {}) => {
      const query = options.top === undefined ? '' : `?top=${options.top}`;
      return parseTextPrediction(await sendTexts([text], options, query), name);
    },
    embed: async (texts, options = {}) =>
      parseEmbeddings(await sendTexts(texts, options, options.similarity === true ? '?similarity=true' : ''), name),
  };
}

function callOptionsOf({ timeoutMs, retries, signal }: CallOptions): CallOptions {
  return omitUndefined({ timeoutMs, retries, signal });
}

function encodeRequest(
  inputs: Readonly<Record<string, Tensor>>,
  options: InferOptions,
): Required<Pick<HttpRequest, 'body' | 'headers'>> {
  const { id, parameters, form = 'binary', outputs = [] } = options;
  const { body, headerLength } = encodeInferRequest({
    ...omitUndefined({ id, parameters }),
    inputs: new Map(Object.entries(inputs)),
    outputs: outputs.map((output) => (typeof output === 'string' ? { name: output } : output)),
    form,
  });
  const type = headerLength === undefined ? 'application/json' : 'application/octet-stream';
  const length = headerLength === undefined ? {} : { [headerLengthName]: String(headerLength) };
  return { body, headers: { 'content-type': type, ...length } };
}

function parseInference({ body, headers }: HttpAnswer): Inference {
  const { outputs, ...answer } = decodeInferResponse(body, parseHeaderLength(textOf(headers[headerLengthName])));
  return { ...answer, outputs: Object.fromEntries(outputs), device: textOf(headers['x-inference-device']) ?? '' };
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function parsePrediction(answer: HttpAnswer): Omit<ImagePrediction, 'predictions'> & { readonly predictions: unknown } {
  const body = parseBody(answer) as { model_name: string; model_version: string; device: string; predictions: unknown };
  const { model_name: modelName, model_version: modelVersion, device, predictions } = body;
  return { modelName, modelVersion, device, predictions };
}

function parseImagePrediction(answer: HttpAnswer, model: string): ImagePrediction {
  const { predictions, ...facts } = parsePrediction(answer);
  if (Array.isArray(predictions)) return { ...facts, predictions: predictions as readonly Prediction[] };
  throw wrongTask(model, 'a classifier', 'predictions');
}

/** A call that does not fit what the model is for. */
function wrongTask(model: string, task: string, missing: string): AppError {
  const text = `Model ${model} is not ${task}: its answer has no ${missing}. task() of the model says which call fits.`;
  return new AppError('REQUEST_FAILED', text);
}

/** As it comes: its mask in base64. */
type SentDetection = Omit<Detection, 'mask'> & { readonly mask?: string };

function parseDetections(answer: HttpAnswer, model: string): ImageDetections {
  const body = parseBody(answer) as { model_name: string; model_version: string; device: string; detections?: unknown };
  const { model_name: modelName, model_version: modelVersion, device, detections } = body;
  if (Array.isArray(detections)) {
    const read = (detections as SentDetection[]).map(({ mask, ...found }) =>
      mask === undefined ? found : { ...found, mask: new Uint8Array(Buffer.from(mask, 'base64')) },
    );
    return { modelName, modelVersion, device, detections: read };
  }
  throw wrongTask(model, 'a detector', 'detections');
}

function parseSegmentation(answer: HttpAnswer, model: string): ImageSegmentation {
  const { segmentation } = parseBody(answer) as {
    readonly segmentation?: Pick<ImageSegmentation, 'width' | 'height' | 'classes'> & { readonly mask?: string };
  };
  const { modelName, modelVersion, device } = parsePrediction(answer);
  if (segmentation === undefined) throw wrongTask(model, 'a segmentation model', 'segmentation');
  const { mask, ...found } = segmentation;
  const png = mask === undefined ? {} : { mask: new Uint8Array(Buffer.from(mask, 'base64')) };
  return { modelName, modelVersion, device, ...found, ...png };
}

function parseTextPrediction(answer: HttpAnswer, model: string): ImagePrediction {
  const { predictions, ...facts } = parsePrediction(answer);
  const [first] = Array.isArray(predictions) ? (predictions as readonly unknown[]) : [];
  if (Array.isArray(first)) return { ...facts, predictions: first as readonly Prediction[] };
  throw wrongTask(model, 'a classifier', 'predictions');
}

function parseEmbeddings(answer: HttpAnswer, model: string): TextEmbeddings {
  const body = parseBody(answer) as Pick<TextEmbeddings, 'similarity'> & { readonly embeddings?: unknown };
  const { embeddings, similarity } = body;
  const { modelName, modelVersion, device } = parsePrediction(answer);
  const facts = { modelName, modelVersion, device };
  if (!Array.isArray(embeddings)) throw wrongTask(model, 'an embedding model', 'embeddings');
  return { ...facts, embeddings: embeddings as number[][], ...(similarity === undefined ? {} : { similarity }) };
}

/** A JSON body. Throws REQUEST_FAILED for what is none. */
export function parseBody({ body, status }: HttpAnswer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (cause) {
    throw new AppError('REQUEST_FAILED', `The server answered status ${status} with a body that is not JSON.`, {
      cause,
    });
  }
}
