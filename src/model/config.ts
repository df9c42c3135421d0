import type { DetectionConfig } from './tasks/detection-config.js';
import type { SegmentationConfig } from './tasks/segmentation-config.js';
import type { EmbeddingConfig, TextConfig } from './tasks/text-config.js';
import type { RowsProof } from './rows/prove.js';
import type { NumericDatatype } from '../tensor/datatype.js';
import type { DeclaredShape } from '../tensor/shape.js';
import type { EmptySums, SharedDimension, TensorSpec } from '../tensor/tensor.js';

/** Execution providers a model or a server may ask for. `auto`: the best that proves to work on this machine. */
export type ProviderName = 'cpu' | 'cuda' | 'tensorrt' | 'webgpu';
/** An execution provider, or the best that works. */
export type ProviderRequest = ProviderName | 'auto';

/** Dynamic batching of one model. Rows are counted, not requests. */
export interface BatchingConfig {
  /** Most rows in one run; 0: the model has no batch dimension and runs one request at a time. */
  readonly maxRows: number;
  /** Whether a request of more rows is refused, since model.json names the number; else it is split over several runs. */
  readonly isRequestLimit: boolean;
  /** Longest wait for more rows while an instance is free, in milliseconds; rows gather anyway while all are busy. */
  readonly maxDelayMs: number;
  /** Row counts that runs are padded to, ascending, the last one `maxRows`; empty: no padding. */
  readonly buckets: readonly number[];
  /** Most rows (requests, where maxRows is 0) that wait; the next is refused with QUEUE_FULL. */
  readonly maxQueueRows: number;
  /** Requests are refused while those before them will take longer than this, in milliseconds; 0: whatever they take. */
  readonly maxQueueMs: number;
  /** Longest time in the queue in milliseconds; 0: no limit but the request's own. */
  readonly queueTimeoutMs: number;
}

/** Copies of the model that run at the same time. */
export interface InstancesConfig {
  /** Worker threads of the CPU that hold the model; `auto`: all of them. */
  readonly cpu: number | 'auto';
  /** GPUs that hold a replica each; `all`: every one that works. */
  readonly gpu: number | 'all';
  /** Instances on each of them; `auto`: by the size of the model's files. */
  readonly perGpu: number | 'auto';
}

/** How an image comes to the wanted size: cut, with bars, stretched, or by one side. */
export type ResizeFit = 'cover' | 'contain' | 'fill' | 'inside' | 'outside' | 'height';

/** How new pixels are made of old ones. */
export type ResampleMethod = 'nearest' | 'bilinear' | 'bicubic' | 'lanczos' | 'area';

/** Whose places and weights the method has. */
export type ResampleLibrary = 'pillow' | 'opencv';

/** The size that images are brought to, and how. */
export interface ResizeConfig {
  /** Of the fit `height` the most. */
  readonly width: number;
  readonly height: number;
  readonly fit: ResizeFit;
  /** Gray value or RGB of the bars beside the image, 0..255. */
  readonly background: readonly number[];
  /** Where the image lies between bars. Default: in the middle. */
  readonly anchor?: 'centre' | 'top-left';
  /** Both sides come to a multiple of it, by bars or by stretching. */
  readonly multiple?: { readonly of: number; readonly by: 'bars' | 'stretch' };
  /** False: a smaller image keeps its size. */
  readonly enlarge?: boolean;
  /** Of the fit `outside` the most that the longer side may be; the shorter one is then less than asked for. */
  readonly longest?: number;
  /** How a side that follows from the other becomes whole pixels, and sides that are stretched a multiple. Default: nearest, halves of pixels to even. */
  readonly rounding?: 'nearest' | 'down';
  /** Default: bilinear. */
  readonly method?: ResampleMethod;
  /** Default: pillow. */
  readonly library?: ResampleLibrary;
}

/** Size of the part that is cut out. */
export interface CropConfig {
  readonly width: number;
  readonly height: number;
  /** How half of an odd margin becomes the pixels that are cut at the left and at the top. Default: down. */
  readonly rounding?: 'down' | 'even';
}

/** From an image to the input tensor: decode, orient, resize, crop, colour, then (pixel * scale - mean) / std, layout. */
export interface ImageConfig {
  /** The input that takes the image. */
  readonly input: string;
  readonly resize: ResizeConfig;
  /** Cut from the centre after the resize. */
  readonly crop?: CropConfig;
  readonly color: 'rgb' | 'bgr' | 'gray';
  readonly layout: 'NCHW' | 'NHWC';
  /** Factor on pixels 0..255, before mean and std. */
  readonly scale: number;
  /** One value, or one a channel in the order of `color`. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Dark on light becomes light on dark (255 - pixel), before the scale. */
  readonly invert: boolean;
}

/** From an output to labels with probabilities. */
export interface ClassificationConfig {
  readonly output: string;
  readonly activation: 'softmax' | 'sigmoid' | 'none';
  /** A file in the model's folder, one label per line, or the labels themselves. */
  readonly labels?: string | readonly string[];
  /** Predictions in an answer unless the request says otherwise. */
  readonly top: number;
}

/** Where a model runs. */
export interface ExecutionConfig {
  /** In order of preference; empty: the server's wish. */
  readonly providers: readonly ProviderName[];
  /** Loading fails unless every node runs on the first provider that is not the CPU. */
  readonly requireGpu: boolean;
  readonly intraOpThreads?: number;
}

/** A dimension of the state that a sequence begins with: a number, or as large as one of an input that is no state. */
export type StateSize = number | { readonly input: string; readonly axis: number };

/** An input that takes what an output gave in the run before. */
export interface StatePair {
  readonly input: string;
  readonly output: string;
  readonly datatype: NumericDatatype;
  /** What the input declares; undefined where any shape fits. */
  readonly shape: DeclaredShape | undefined;
  readonly initial: readonly StateSize[];
}

/** State that the server keeps between the requests of a sequence. */
export interface SequenceConfig {
  readonly state: readonly StatePair[];
  /** A sequence without a request for this long is over, in milliseconds. */
  readonly maxIdleMs: number;
  /** Most sequences at a time. */
  readonly maxActive: number;
}

/** Which versions on disk are served: the highest, every one, or those named. */
export type VersionPolicy = 'latest' | 'all' | readonly number[];

/** model.json with every default filled in. */
export interface ModelConfig {
  readonly description: string;
  readonly versions: VersionPolicy;
  readonly batching: BatchingConfig;
  readonly instances: InstancesConfig;
  readonly image?: ImageConfig;
  readonly classification?: ClassificationConfig;
  readonly detection?: DetectionConfig;
  readonly segmentation?: SegmentationConfig;
  readonly embedding?: EmbeddingConfig;
  readonly text?: TextConfig;
  readonly sequences?: SequenceConfig;
  /** Run every bucket once before the model is ready. */
  readonly warmup: boolean;
  readonly execution: ExecutionConfig;
}

/** What the ONNX file says of itself, read from its first bytes without loading the weights. */
export interface OnnxHeader {
  readonly irVersion: number;
  readonly producer: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: number;
  readonly opsets: Readonly<Record<string, number>>;
  /** Inputs that a request has to give. */
  readonly inputs: readonly HeaderValue[];
  /** Inputs with a default in the file (initializers that are inputs, IR version 4 and later), which a request may replace. */
  readonly defaultedInputs: readonly HeaderValue[];
  readonly outputs: readonly HeaderValue[];
  /** Inputs and outputs that are BF16 to clients and FP32, which holds every BF16 exactly, to the session. */
  readonly widened: readonly string[];
  /** What is served otherwise than the file has it, and why; for people. */
  readonly adaptations: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Operators used, each with the number of its nodes. */
  readonly operators: Readonly<Record<string, number>>;
  /** How a request's values could end the process that runs the model, as the graph has it; absent where nothing is known. */
  readonly hazard?: string;
  /** Dimensions of inputs that a request has to give one size; absent where it may give any. */
  readonly sharedDimensions?: readonly SharedDimension[];
  /** Sums of which the runtime answers memory as it was where a request leaves nothing to add up; absent where there are none. */
  readonly emptySums?: EmptySums;
  /** Files that hold weights outside the model file, relative to it. */
  readonly externalData: readonly string[];
  /** Whether the graph keeps rows apart; left out where it was not followed. */
  readonly rows?: RowsProof;
}

/** An input or output of an ONNX graph, with the names of its variable dimensions (`''` where it has none). */
export interface HeaderValue extends TensorSpec {
  readonly dimNames: readonly string[];
  /** Classes by index of the last dimension, where the file names them. */
  readonly labels?: readonly string[];
}
