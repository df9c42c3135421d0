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
import type { PredictionInput } from './prediction-request.js';
import {
  estimateClassifying,
  estimateDecoding,
  estimateDetecting,
  estimateEmbedding,
  estimateSegmenting,
  type JsonSize,
} from './cost.js';
import { CodecPool, shuttingDown, type CodecEvents } from './pool.js';
import {
  asBuffer,
  performTask,
  performJsonTask,
  type CodecResults,
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
  decodeInfer(request: EncodedRequest, model: ModelSignature): CheckedRequest | Promise<CheckedRequest>;
  encodeInfer(response: InferResponse, writing: Writing): EncodedResponse | Promise<EncodedResponse>;
  /** A gRPC message, `looseBytes` of which are no raw contents, where that is worth a thread; undefined: it is not. */
  decodeMessage(body: Buffer, model: ModelSignature, looseBytes: number): Promise<CheckedRequest> | undefined;
  decodePredict(body: Buffer, model: ModelSignature): PredictRequest | Promise<PredictRequest>;
  /** A JSON body of `POST /predictions/{model}`. */
  decodePrediction(body: Buffer, model: ModelSignature): PredictionInput | Promise<PredictionInput>;
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

/** The codec of a server. */
export function createCodec(options: CodecOptions): Codec {
  return new ThreadedCodec(options);
}

class ThreadedCodec implements Codec {
  readonly mostPixels: number;
  /** Undefined: there are no threads. */
  readonly #pool: CodecPool | undefined;
  readonly #inlineLimitBytes: number;

  constructor({
    threads,
    inlineLimitBytes = defaultInlineLimitBytes,
    threadHeapMb,
    image,
    events = {},
    spares,
  }: CodecOptions) {
    const limits = threadHeapMb === undefined ? {} : { maxOldGenerationSizeMb: threadHeapMb };
    const data = { image: image ?? { threads: 1 } };
    const onSpent = spares && ((buffer: ArrayBuffer) => spares.give(buffer));
    this.#pool = threads === 0 ? undefined : new CodecPool({ threads, limits, data, events, onSpent });
    this.#inlineLimitBytes = inlineLimitBytes;
    this.mostPixels = image?.maxPixels ?? Infinity;
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
    if (this.#pool === undefined || cost < this.#inlineLimitBytes) return undefined;
    if (this.#pool.isClosed) throw shuttingDown();
    // The pool answers a task with the result of its kind.
    return this.#pool.run({ kind: 'decode-message', body, model }) as Promise<CheckedRequest>;
  }

  decodePredict(body: Buffer, model: ModelSignature) {
    return this.#run({ kind: 'decode-predict', body, model }, body.length);
  }

  decodePrediction(body: Buffer, model: ModelSignature) {
    return this.#run({ kind: 'decode-prediction', body, model }, body.length);
  }

  encodePredict(response: PredictionsToEncode, { isOwned, size }: Writing) {
    return this.#encode({ kind: 'encode-predict', response, isOwned }, size);
  }

  encodeOutputs(response: OutputsToEncode, { isOwned, size }: Writing) {
    return this.#encode({ kind: 'encode-outputs', response, isOwned }, size);
  }

  async decodeImages(images: ImagesToDecode): Promise<NumericTensor> {
    const task = { kind: 'decode-images', ...images } as const;
    // Either side answers a task with the result of its kind.
    return (await (this.#pool?.run(task) ?? performTask(task))) as NumericTensor;
  }

  async decodeSizedImages(images: ImagesToDecode, withPreviews: boolean): Promise<SizedImages> {
    const task = { kind: 'decode-sized-images', withPreviews, ...images } as const;
    return (await (this.#pool?.run(task) ?? performTask(task))) as SizedImages;
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

  async tokenize(texts: TextsToTokenize): Promise<readonly TextBatch[]> {
    const task = { kind: 'tokenize', ...texts } as const;
    return (await (this.#pool?.run(task) ?? performTask(task))) as readonly TextBatch[];
  }

  embed(response: EmbeddingsToMake, isOwned: boolean) {
    return this.#run({ kind: 'embed', response, isOwned }, estimateEmbedding(response));
  }

  async cutCrops(pieces: PiecesToCut): Promise<readonly (Uint8Array | undefined)[]> {
    const task = { kind: 'cut-crops', ...pieces } as const;
    return (await (this.#pool?.run(task) ?? performTask(task))) as readonly (Uint8Array | undefined)[];
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  #encode(task: Extract<JsonTask, { kind: `encode-${string}` }>, { likely }: JsonSize) {
    const encoded = this.#run(task, likely);
    return encoded instanceof Promise
      ? encoded.then((crossed) => ({ ...crossed, body: asBuffer(crossed.body) }))
      : encoded;
  }

  #run<T extends JsonTask>(task: T, jsonBytes: number): CodecResults[T['kind']] | Promise<CodecResults[T['kind']]> {
    if (this.#pool === undefined || jsonBytes < this.#inlineLimitBytes) return performJsonTask(task);
    if (this.#pool.isClosed) throw shuttingDown();
    // The pool answers a task with the result of its kind.
    return this.#pool.run(task) as Promise<CodecResults[T['kind']]>;
  }
}
