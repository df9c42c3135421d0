import type { EmptySums, NamedTensors, SharedDimension, TensorSpec } from '../tensor/tensor.js';

/** What requests to a model are checked against. */
export interface ModelSignature {
  readonly name: string;
  readonly inputs: readonly TensorSpec[];
  /** Inputs that have a default in the model; a request that gives one runs alone. */
  readonly defaultedInputs?: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Most rows in one request, Infinity where any number is taken; 0: the first dimension is no batch. */
  readonly maxRows: number;
  /** Inputs that also take images, as BYTES tensors of one element a row: neither datatype, shape nor content is checked. */
  readonly imageInputs?: ReadonlySet<string>;
  /** Inputs and outputs that the server keeps where a request names a sequence. */
  readonly state?: StateNames;
  /** An operator of the model that ends the process of the runtime on a tensor without elements, which is refused then. */
  readonly failsOnEmpty?: string | undefined;
  /** Whether caches, whose length is the last dimension but one of four or more, may be without elements all the same. */
  readonly takesEmptyCaches?: boolean;
  /** Inputs that have to have elements, since the runtime does not write what it makes of none. */
  readonly emptySums?: EmptySums;
  /** Dimensions of inputs that have to be of one size. */
  readonly sharedDimensions?: readonly SharedDimension[];
}

/** The state of a model, by name. */
export interface StateNames {
  readonly inputs: ReadonlySet<string>;
  readonly outputs: ReadonlySet<string>;
}

/** A parameter's value; anything else is refused (extension "parameters"). */
export type ParameterValue = string | number | boolean;
/** Parameters of a request, a tensor or an answer. */
export type Parameters = ReadonlyMap<string, ParameterValue>;

/** Parameters of one owner: each costs memory beyond its bytes. */
export const mostParameters = 1024;

/** One output that a request asks for, with what it wants done to it. */
export interface RequestedOutput {
  readonly name: string;
  /** `binary_data`; undefined leaves it to the request's `binary_data_output`. */
  readonly binary?: boolean;
  /** `classification`: answer this many classes a row instead of the tensor; > 0. */
  readonly classes?: number;
}

/** A decoded inference request of the Open Inference Protocol; names are checked for repeats, not yet against the model. */
export interface InferRequest {
  readonly id?: string;
  readonly inputs: NamedTensors;
  /** Empty: every output, in the model's order. */
  readonly outputs: readonly RequestedOutput[];
  /** `binary_data_output`: the default for outputs without a flag of their own. */
  readonly binaryOutput: boolean;
  /** `timeout` in microseconds, 0 = the server's default: the longest time in the queue. */
  readonly timeoutUs: number;
  /** `priority`: 0 = default, 1 = highest. */
  readonly priority: number;
  readonly parameters: Parameters;
}

/** One output of an answer with how it goes out. */
export interface InferResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id?: string;
  /** In the order in which they are written. */
  readonly outputs: NamedTensors;
  /** Names of the outputs that go out as binary data. */
  readonly binaryOutputs: ReadonlySet<string>;
  /** Bare NaN and Infinity tokens instead of null. */
  readonly nonFiniteTokens: boolean;
}

/** A body with the length of its JSON part, when it has a binary part (`Inference-Header-Content-Length`). */
export interface EncodedResponse {
  readonly body: Buffer;
  readonly headerLength?: number;
  /** What follows `body`: large binary tensors where they lie, which are sent from there. */
  readonly tail?: readonly Uint8Array[];
}

/** What `GET /v2` lists. */
export const extensions = [
  'binary_tensor_data',
  'classification',
  'model_repository',
  'model_configuration',
  'statistics',
  'schedule_policy',
  'sequence',
  'parameters',
] as const;

/** An input or output in a model's metadata. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** Empty for a scalar, and where `unranked` says that any number of dimensions fits. */
  readonly shape: readonly number[];
  readonly unranked?: true;
  /** An input with a default in the model, which takes its place where a request leaves it out. */
  readonly optional?: true;
  /** Least and most that an element may be, where that is less than the datatype holds. */
  readonly range?: readonly [least: number, most: number];
  /** Classes by index of the last dimension, where the model file names them. */
  readonly labels?: readonly string[];
}

/** The answer of `GET /v2/models/{model}`. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  /** Facts of the server. */
  readonly properties?: Readonly<Record<string, string>>;
  /** What an operator should know of this model: what was decided for it, and why. */
  readonly notes?: readonly string[];
  /** What the model file says of itself; long values are cut, and say so. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Names of open dimensions, `''` where one has none, by input and output; those without any are left out. */
  readonly dimension_names?: Readonly<Record<string, readonly string[]>>;
  /** What to send to each input to see the model run. */
  readonly examples?: Readonly<Record<string, ExampleMetadata>>;
  /** What model.json would have to say for the model to take images; undefined where it takes them or none fit. */
  readonly suggestion?: object;
}

/** One value for all elements; varied ones as the datatype has them; or 0, 1, 2, ... */
export interface ExampleMetadata {
  readonly shape: readonly number[];
  readonly fill: number | 'varied' | 'positions';
}

/** State of one model version in a repository index (extension "model_repository"). */
export type RepositoryState = 'UNKNOWN' | 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING';

/** A model version in the answer of `POST /v2/repository/index`. */
export interface RepositoryIndexEntry {
  readonly name: string;
  readonly version?: string;
  readonly state: RepositoryState;
  readonly reason: string;
}
