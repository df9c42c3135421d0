export { AppError, type ErrorCode } from '../errors.js';
export type { Datatype, NumericData, NumericDatatype } from '../tensor/datatype.js';
export type { Shape } from '../tensor/shape.js';
export type { BytesElement, BytesTensor, NumericTensor, Tensor } from '../tensor/tensor.js';
export type { ModelMetadata, RepositoryIndexEntry, TensorMetadata } from '../protocol/types.js';
export { connect, type ConnectOptions } from './connect.js';
export type { Connection, ServerMetadata } from './connection.js';
export type { CallOptions } from './http.js';
export type {
  Detection,
  DetectOptions,
  EmbedOptions,
  ImageDetections,
  ImagePrediction,
  ImageSegmentation,
  Inference,
  InferOptions,
  ModelClient,
  Prediction,
  PredictOptions,
  SegmentedClass,
  SegmentOptions,
  TextEmbeddings,
  TextInput,
} from './model.js';
export type { ModelTask, TaskName } from './task.js';
export { tensor } from './tensors.js';
