import type { ImageSettings } from '../../image/decode.js';
import type { SizedImages } from '../../image/image-tensor.js';
import type { DetectedRow } from '../../tasks/detection/types.js';
import type { SegmentedRow } from '../../tasks/segmentation/types.js';
import type { TextBatch } from '../../tasks/text/batches.js';
import type { NumericTensor } from '../../tensor/tensor.js';
import type { EncodedRequest } from '../../protocol/v2/decode-request.js';
import type { ModelSignature, EncodedResponse, InferResponse } from '../../protocol/types.js';
import type { SpareBuffers } from '../memory/spare-buffers.js';
import type { PredictRequest } from '../../protocol/v1/decode.js';
import type { CheckedRequest } from '../../protocol/validate.js';
import type { EmbeddingsAsked } from './named/embeddings-request.js';
import type { RerankAsked } from './named/rerank-request.js';
import type { PredictionInput } from './prediction-request.js';
import {
  estimateClassifying,
  estimateDecoding,
  estimateDetecting,
  estimateEmbedding,
  estimateSegmenting,
  type JsonSize,
} from './cost.js';
import { performTask } from './parts.js';
import { CodecPool, shuttingDown, type CodecEvents, type CodecRequest } from './pool.js';
import {
  asBuffer,
  performJsonTask,
  type CodecResults,
  type CodecTask,
  type ClassesToFind,
  type DetectionsToFind,
  type EmbeddingsToMake,
  type ImagesToDecode,
  type JsonTask,
  type MasksToMake,
  type OutputsToEncode,
  type PiecesToCut,
  type PredictionsToEncode,
  type TextsToTokenize,
  type WrittenVector,
} from './tasks.js';

/** How many codec threads there may be, and who learns of their troubles. */
export interface CodecOptions {
  /** Most threads for what is large; 0: everything is done where it is called. */
  readonly threads: number;
  /** JSON of fewer bytes is read or written at once on the calling thread. Default 32 KiB. */
  readonly inlineLimitBytes?: number;
  /** Most heap of a codec thread in MiB; beyond it the thread is lost and started anew. Default: Node's. */
  readonly threadHeapMb?: number;
  /** Threads and limits of image decoding, for each codec thread. Default: one thread. */
  readonly image?: ImageSettings;
  readonly events?: CodecEvents;
  /** Where the memory of bodies goes that threads have read. */
  readonly spares?: SpareBuffers;
}

/** How outputs are written. */
export interface Writing {
  /** Nobody else reads them, now or later; they may move away then. */
  readonly isOwned: boolean;
  readonly size: JsonSize;
}

/**
 * Reads requests and writes answers: small JSON at once, large JSON on threads of its own, so that the event loop never
 * waits for it. Bodies given to it belong to it. Rejects or throws INVALID_INPUT, WORKER_LOST and SHUTTING_DOWN.
 */
export interface Codec {
  /** Most pixels of an image. */
  readonly mostPixels: number;
  /**
   * The same for one request: its tasks have threads in turn with those of other requests, and are given up once the signal is aborted,
   * with CLIENT_GONE. Of a request's own codec it is the same request with another signal.
   */
  of(signal: AbortSignal): Codec;
  decodeInfer(request: EncodedRequest, model: ModelSignature): CheckedRequest | Promise<CheckedRequest>;
  encodeInfer(response: InferResponse, writing: Writing): EncodedResponse | Promise<EncodedResponse>;
  /** A gRPC message, `looseBytes` of which are no raw contents, where that is worth a thread; undefined: it is not. */
  decodeMessage(body: Buffer, model: ModelSignature, looseBytes: number): Promise<CheckedRequest> | undefined;
  decodePredict(body: Buffer, model: ModelSignature): PredictRequest | Promise<PredictRequest>;
  /** A JSON body of `POST /predictions/{model}`. */
  decodePrediction(body: Buffer, model: ModelSignature): PredictionInput | Promise<PredictionInput>;
  /** A body of `POST /v1/embeddings`. */
  decodeEmbeddings(body: Buffer): EmbeddingsAsked | Promise<EmbeddingsAsked>;
  /** A body of `POST /v1/rerank`. */
  decodeRerank(body: Buffer): RerankAsked | Promise<RerankAsked>;
  encodePredict(response: PredictionsToEncode, writing: Writing): EncodedResponse | Promise<EncodedResponse>;
  /** The outputs of `POST /predictions/{model}` as a JSON array. */
  encodeOutputs(response: OutputsToEncode, writing: Writing): EncodedResponse | Promise<EncodedResponse>;
  /** Images as one input tensor, a row each; always on a thread. The images stay the caller's. */
  decodeImages(images: ImagesToDecode): Promise<NumericTensor>;
  /** The same with the images' own sizes, and where asked for what the model sees. */
  decodeSizedImages(images: ImagesToDecode, withPreviews: boolean): Promise<SizedImages>;
  /** The highest classes of outputs, which stay the caller's. Throws INVALID_INPUT. */
  classify(of: ClassesToFind): CodecResults['classify'] | Promise<CodecResults['classify']>;
  /** The detections of a run's images, a row each. Throws MODEL_INVALID. */
  detect(run: DetectionsToFind, isOwned: boolean): readonly DetectedRow[] | Promise<readonly DetectedRow[]>;
  /** The masks of a run's images, a row each. Throws MODEL_INVALID, and INVALID_INPUT for a form that has no room for them. */
  segment(run: MasksToMake, isOwned: boolean): readonly SegmentedRow[] | Promise<readonly SegmentedRow[]>;
  /** Texts as inputs, batch by batch; always on a thread. */
  tokenize(texts: TextsToTokenize): Promise<readonly TextBatch[]>;
  /** The vectors of a run, a row each. Throws MODEL_INVALID. */
  embed(run: EmbeddingsToMake, isOwned: boolean): readonly WrittenVector[] | Promise<readonly WrittenVector[]>;
  /** Boxes of an image as images of their own; always on a thread. The image stays the caller's. */
  cutCrops(pieces: PiecesToCut): Promise<readonly (Uint8Array | undefined)[]>;
  /** Ends the threads; tasks they still have are rejected with SHUTTING_DOWN. */
  close(): Promise<void>;
}

const defaultInlineLimitBytes = 32 * 1024;

/** What bodies wait for that name their model themselves. */
const openAi = { name: 'requests that name their model' };

/** The codec of a server. */
export function createCodec(options: CodecOptions): Codec {
  const { threads, inlineLimitBytes = defaultInlineLimitBytes, threadHeapMb, image, events = {}, spares } = options;
  const limits = threadHeapMb === undefined ? {} : { maxOldGenerationSizeMb: threadHeapMb };
  const data = { image: image ?? { threads: 1 } };
  const onSpent = spares && ((buffer: ArrayBuffer) => spares.give(buffer));
  const pool = threads === 0 ? undefined : new CodecPool({ threads, limits, data, events, onSpent });
  return new ThreadedCodec({ pool, inlineLimitBytes, mostPixels: image?.maxPixels ?? Infinity });
}

/** What the codecs of all requests share. */
interface Shared {
  /** Undefined: there are no threads. */
  readonly pool: CodecPool | undefined;
  readonly inlineLimitBytes: number;
  readonly mostPixels: number;
}

class ThreadedCodec implements Codec {
  readonly #shared: Shared;
  readonly #request: CodecRequest | undefined;

  constructor(shared: Shared, request?: CodecRequest) {
    this.#shared = shared;
    this.#request = request;
  }

  get mostPixels(): number {
    return this.#shared.mostPixels;
  }

  of(signal: AbortSignal): Codec {
    return new ThreadedCodec(this.#shared, { request: this.#request?.request ?? signal, signal });
  }

  decodeInfer({ body, headerLength }: EncodedRequest, model: ModelSignature) {
    const cost = estimateDecoding({ body, headerLength }, model);
    return this.#run({ kind: 'decode-infer', body, headerLength, model }, cost);
  }

  encodeInfer(response: InferResponse, { isOwned, size }: Writing) {
    return this.#encode({ kind: 'encode-infer', response, isOwned }, size);
  }

  decodeMessage(body: Buffer, model: ModelSignature, looseBytes: number) {
    const hasTexts = model.inputs.some(({ datatype }) => datatype === 'BYTES');
    const cost = hasTexts ? body.length : looseBytes;
    const { pool, inlineLimitBytes } = this.#shared;
    if (pool === undefined || cost < inlineLimitBytes) return undefined;
    if (pool.isClosed) throw shuttingDown();
    return this.#perform({ kind: 'decode-message', body, model });
  }

  decodePredict(body: Buffer, model: ModelSignature) {
    return this.#run({ kind: 'decode-predict', body, model }, body.length);
  }

  decodePrediction(body: Buffer, model: ModelSignature) {
    return this.#run({ kind: 'decode-prediction', body, model }, body.length);
  }

  decodeEmbeddings(body: Buffer) {
    return this.#run({ kind: 'decode-embeddings', body, model: openAi }, body.length);
  }

  decodeRerank(body: Buffer) {
    return this.#run({ kind: 'decode-rerank', body, model: openAi }, body.length);
  }

  encodePredict(response: PredictionsToEncode, { isOwned, size }: Writing) {
    return this.#encode({ kind: 'encode-predict', response, isOwned }, size);
  }

  encodeOutputs(response: OutputsToEncode, { isOwned, size }: Writing) {
    return this.#encode({ kind: 'encode-outputs', response, isOwned }, size);
  }

  decodeImages(images: ImagesToDecode): Promise<NumericTensor> {
    return this.#perform({ kind: 'decode-images', ...images });
  }

  decodeSizedImages(images: ImagesToDecode, withPreviews: boolean): Promise<SizedImages> {
    return this.#perform({ kind: 'decode-sized-images', withPreviews, ...images });
  }

  classify(response: ClassesToFind) {
    return this.#run({ kind: 'classify', response, isOwned: false }, estimateClassifying(response));
  }

  detect(response: DetectionsToFind, isOwned: boolean) {
    return this.#run({ kind: 'detect', response, isOwned }, estimateDetecting(response));
  }

  segment(response: MasksToMake, isOwned: boolean) {
    return this.#run({ kind: 'segment', response, isOwned }, estimateSegmenting(response));
  }

  tokenize(texts: TextsToTokenize): Promise<readonly TextBatch[]> {
    return this.#perform({ kind: 'tokenize', ...texts });
  }

  embed(response: EmbeddingsToMake, isOwned: boolean) {
    return this.#run({ kind: 'embed', response, isOwned }, estimateEmbedding(response));
  }

  cutCrops(pieces: PiecesToCut): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#perform({ kind: 'cut-crops', ...pieces });
  }

  async close(): Promise<void> {
    await this.#shared.pool?.close();
  }

  /** On a thread, where there are any. */
  #perform<K extends CodecTask['kind']>(task: CodecTask & { readonly kind: K }): Promise<CodecResults[K]> {
    // Either side answers a task with the result of its kind.
    return (this.#shared.pool?.run(task, this.#request) ?? performTask(task)) as Promise<CodecResults[K]>;
  }

  #encode(task: Extract<JsonTask, { kind: `encode-${string}` }>, { likely }: JsonSize) {
    const encoded = this.#run(task, likely);
    return encoded instanceof Promise
      ? encoded.then((crossed) => ({ ...crossed, body: asBuffer(crossed.body) }))
      : encoded;
  }

  #run<T extends JsonTask>(task: T, jsonBytes: number): CodecResults[T['kind']] | Promise<CodecResults[T['kind']]> {
    const { pool, inlineLimitBytes } = this.#shared;
    if (pool === undefined || jsonBytes < inlineLimitBytes) return performJsonTask(task);
    if (pool.isClosed) throw shuttingDown();
    return this.#perform<T['kind']>(task);
  }
}
