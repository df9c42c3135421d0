import type { ImageSettings } from '../../image/decode.js';
import type { CropsToCut } from '../../image/crop.js';
import type { Cut, SizedImages } from '../../image/image-tensor.js';
import type { ImageConfig } from '../../model/config.js';
import type { BytesElement, NamedTensors, NumericTensor, Tensor, TensorSpec } from '../../tensor/tensor.js';
import { decodeInferRequest } from '../../protocol/v2/decode-request.js';
import { encodeInferResponse, addTensors, joinBody } from '../../protocol/v2/encode.js';
import type { ClassificationOptions } from '../../protocol/classification.js';
import { classifyOutputs } from '../../protocol/response.js';
import { JsonText } from '../../protocol/json/json-text.js';
import type { ModelSignature, EncodedResponse, InferResponse } from '../../protocol/types.js';
import { decodePredictRequest, type PredictRequest } from '../../protocol/v1/decode.js';
import { encodePredictResponse, type PredictResponse } from '../../protocol/v1/encode.js';
import { validateInferRequest, type CheckedRequest } from '../../protocol/validate.js';
import type { PlainError } from '../../errors.js';
import { detect } from '../../tasks/detection/detect.js';
import { embed, type EmbeddingRun } from '../../tasks/embedding/embed.js';
import { segment } from '../../tasks/segmentation/segment.js';
import type { SegmentationRun, SegmentedRow } from '../../tasks/segmentation/types.js';
import type { BatchOptions, TextBatch } from '../../tasks/text/batches.js';
import type { TextInput, TokenIds } from '../../model/tasks/text-config.js';
import type { TokenizerFile } from '../../model/tokenizer-file.js';
import type { DetectedRow, DetectionRun } from '../../tasks/detection/types.js';
import { decodeEmbeddingsJson, type EmbeddingsAsked, type VectorForm } from './named/embeddings-request.js';
import { decodeRerankJson, type RerankAsked } from './named/rerank-request.js';
import { decodePredictionJson, type PredictionInput } from './prediction-request.js';

/** One piece of the codec's work. Bytes that crossed a thread are no Buffers any more. */
export type CodecTask =
  | {
      readonly kind: 'decode-infer';
      readonly body: Uint8Array;
      readonly headerLength?: number | undefined;
      readonly model: ModelSignature;
    }
  | {
      readonly kind: 'encode-infer';
      readonly response: InferResponse;
      /** Nobody else reads the outputs, now or later. */
      readonly isOwned: boolean;
    }
  | {
      readonly kind: 'decode-predict' | 'decode-prediction';
      readonly body: Uint8Array;
      readonly model: ModelSignature;
    }
  | {
      /** Which model they are for stands in the body: `model` names the API. */
      readonly kind: 'decode-embeddings' | 'decode-rerank';
      readonly body: Uint8Array;
      readonly model: { readonly name: string };
    }
  | { readonly kind: 'encode-predict'; readonly response: PredictionsToEncode; readonly isOwned: boolean }
  | { readonly kind: 'decode-message'; readonly body: Uint8Array; readonly model: ModelSignature }
  | { readonly kind: 'encode-outputs'; readonly response: OutputsToEncode; readonly isOwned: boolean }
  | { readonly kind: 'classify'; readonly response: ClassesToFind; readonly isOwned: boolean }
  | { readonly kind: 'detect'; readonly response: DetectionsToFind; readonly isOwned: boolean }
  | { readonly kind: 'segment'; readonly response: MasksToMake; readonly isOwned: boolean }
  | ImagesTask
  | ({ readonly kind: 'tokenize' } & TextsToTokenize)
  | ({ readonly kind: 'cut-crops' } & PiecesToCut)
  | { readonly kind: 'embed'; readonly response: EmbeddingsToMake; readonly isOwned: boolean };

/** Images to decode, or what is left of them. */
export type ImagesTask = ImagesToDecode &
  PartOfImages &
  ({ readonly kind: 'decode-images' } | { readonly kind: 'decode-sized-images'; readonly withPreviews: boolean });

/** Of images of which some were decoded already: the files of all, which `images` are no more, and the first of them decoded. */
interface PartOfImages {
  readonly files?: readonly Uint8Array[];
  readonly cuts?: readonly Cut[];
}

/** Images of one request, and the input that takes them. */
export interface ImagesToDecode {
  readonly model: string;
  /** Files, or their base64. */
  readonly images: readonly BytesElement[];
  readonly config: ImageConfig;
  /** The input that takes them. */
  readonly spec: TensorSpec;
  /** Rows of that input, where it is filled up with copies of the last image. */
  readonly rows?: number;
}

/** A `:predict` answer, and the model that it is of. */
export interface PredictionsToEncode extends PredictResponse {
  readonly model: string;
}

/** Outputs to find the highest classes in. */
export interface ClassesToFind {
  readonly model: string;
  readonly outputs: NamedTensors;
  readonly asked: readonly ClassificationOptions[];
}

/** Outputs to find boxes in. */
export interface DetectionsToFind extends DetectionRun {
  readonly model: string;
}

/** Outputs to make masks of. */
export interface MasksToMake extends SegmentationRun {
  readonly model: string;
}

/** Texts of one request, with what it takes to make inputs of them. */
export interface TextsToTokenize extends BatchOptions {
  readonly model: string;
  readonly texts: readonly (TextInput | TokenIds)[];
  readonly tokenizer: TokenizerFile;
}

/** Boxes to cut out of an image, for a step of a pipeline. */
export interface PiecesToCut extends CropsToCut {
  readonly model: string;
}

/** Outputs to make vectors of. */
export interface EmbeddingsToMake extends EmbeddingRun {
  readonly model: string;
  readonly form?: VectorForm;
}

/** The vector of one row, and the same as JSON. */
export interface WrittenVector {
  readonly vector: Float32Array<ArrayBuffer>;
  readonly text: string;
}

/** A run's outputs that become a JSON array, half floats as numbers. */
export interface OutputsToEncode {
  readonly model: string;
  readonly outputs: NamedTensors;
  readonly nonFiniteTokens: boolean;
}

/** What each kind of task answers. */
export interface CodecResults {
  readonly 'decode-infer': CheckedRequest;
  readonly 'decode-message': CheckedRequest;
  readonly 'encode-infer': EncodedResponse;
  readonly 'decode-predict': PredictRequest;
  readonly 'decode-prediction': PredictionInput;
  readonly 'decode-embeddings': EmbeddingsAsked;
  readonly 'decode-rerank': RerankAsked;
  readonly 'encode-predict': EncodedResponse;
  readonly 'encode-outputs': EncodedResponse;
  readonly classify: readonly (readonly [output: string, classes: Tensor])[];
  readonly detect: readonly DetectedRow[];
  readonly segment: readonly SegmentedRow[];
  readonly tokenize: readonly TextBatch[];
  readonly embed: readonly WrittenVector[];
  readonly 'cut-crops': readonly (Uint8Array | undefined)[];
  readonly 'decode-images': NumericTensor;
  readonly 'decode-sized-images': SizedImages;
}

/** The result of any task. */
export type CodecResult = CodecResults[CodecTask['kind']];

/** Tasks that are done in one go, which a small body is not worth a hop for. */
export type JsonTask = Exclude<
  CodecTask,
  { kind: 'cut-crops' | 'decode-images' | 'decode-message' | 'decode-sized-images' | 'tokenize' }
>;

/** What a codec thread starts with. */
export interface CodecThreadData {
  readonly image: ImageSettings;
  /** How long a task may go on while others wait; 50 ms unless told otherwise. */
  readonly sliceMs?: number;
}

/** What a thread that has a task is to do between its items: go on, let others have the thread soon, or leave the rest undone. */
export const [goOn, giveWay, stop] = [0, 1, 2];

/** Main thread to codec thread. */
export interface ToCodec {
  readonly job: number;
  readonly task: CodecTask;
}

/** Codec thread to main thread. */
export type FromCodec = {
  readonly job: number;
  /** Whether images and tensors hold much memory in the thread, used or not yet collected. */
  readonly isHeavy?: boolean;
  /** Memory of the task's body, which nobody reads any more. */
  readonly spent?: ArrayBuffer | undefined;
} & ({ readonly result: CodecResult } | { readonly rest: CodecTask } | { readonly error: PlainError });

/** Does a task on JSON where it is called. Throws AppErrors. */
export function performJsonTask<T extends JsonTask>(task: T): CodecResults[T['kind']];
export function performJsonTask(task: JsonTask): CodecResult {
  switch (task.kind) {
    case 'decode-infer': {
      const { headerLength, model } = task;
      return validateInferRequest(decodeInferRequest({ body: asBuffer(task.body), headerLength }, model), model);
    }
    case 'encode-infer':
      return encodeInferResponse(task.response);
    case 'decode-predict':
      return decodePredictRequest(asBuffer(task.body), task.model);
    case 'decode-prediction':
      return decodePredictionJson(asBuffer(task.body), task.model);
    case 'encode-predict':
      return encodePredictResponse(task.response);
    case 'encode-outputs':
      return encodeOutputs(task.response);
    case 'classify':
      return [...classifyOutputs(task.response.outputs, task.response.asked)];
    case 'detect':
      return detect(task.response);
    case 'segment':
      return segment(task.response);
    case 'embed':
      return embed(task.response).map((vector) => ({ vector, text: writeVector(vector, task.response.form) }));
    case 'decode-embeddings':
      return decodeEmbeddingsJson(asBuffer(task.body));
    case 'decode-rerank':
      return decodeRerankJson(asBuffer(task.body));
  }
}

/** Numbers of FP32 as the doubles that they widen to; those that are not finite as null. */
function writeVector(vector: Float32Array, form: VectorForm = 'float'): string {
  if (form === 'float') return JSON.stringify(Array.from(vector));
  const { buffer, byteOffset, byteLength } = vector;
  return `"${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}"`;
}

function encodeOutputs({ outputs, nonFiniteTokens }: OutputsToEncode): EncodedResponse {
  const text = new JsonText();
  addTensors(text, { role: 'output', tensors: outputs, binary: new Set(), nonFiniteTokens, halfNumbers: true });
  return joinBody(text, []);
}

/** The same bytes as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
