import type { OnnxHeader } from '../../config.js';

/**
 * Operators whose kernels end the process on a tensor without elements in some of their forms, by SIGSEGV, SIGFPE or SIGABRT. Found with
 * ONNX Runtime 1.32 for Python (177 kinds of the ONNX project's own tests and 12 operators of ai.onnx.ml, with each dimension, several and
 * all of them 0); DFT and TopK with 1.30, the version that serves. TopK comes last: only dimensions before its own matter to it.
 */
const failing = [
  'ConvTranspose',
  'DFT',
  'Einsum',
  'GRU',
  'InstanceNormalization',
  'LSTM',
  'STFT',
  'Unique',
  'TopK',
] as const;

/**
 * Operators of ONNX Runtime's own that do the same (QAttention and GroupQueryAttention without rows, for example), found with 1.30. Models of
 * language have them, whose caches begin without elements, on which they do compute.
 */
const failingFused = [
  'DynamicQuantizeLSTM',
  'GroupQueryAttention',
  'MoE',
  'MultiHeadAttention',
  'QAttention',
  'RotaryEmbedding',
  'SkipLayerNormalization',
  'SkipSimplifiedLayerNormalization',
] as const;

/** Operators whose kernels end the process on a tensor of a rank that they do not take; found with ONNX Runtime 1.30. */
const ranked = ['DFT', 'Einsum', 'GRU', 'LSTM', 'RNN', 'ReverseSequence', 'STFT'] as const;

/** An operator of the model that ends the process where it meets a tensor without elements, or undefined. */
export function findFailingOnEmpty(operators: OnnxHeader['operators']): string | undefined {
  return failing.find((operator) => operator in operators);
}

/** An operator of the runtime's own that ends the process where it meets a tensor without elements that is no cache, or undefined. */
export function findFailingFused(operators: OnnxHeader['operators']): string | undefined {
  return failingFused.find((operator) => `com.microsoft:${operator}` in operators);
}

/** Where a request chooses the sides of a matrix, and an operator ends the process where they differ, in words. */
function findChosenSides(inputs: OnnxHeader['inputs'], operators: OnnxHeader['operators']): string | undefined {
  const open = inputs.find(({ unranked = false, shape }) => unranked || shape.slice(-2).includes(-1));
  if (open === undefined || !('com.microsoft:Inverse' in operators)) return undefined;
  return `input '${open.name}' leaves its last sides open, and Inverse ends the process on a matrix that is not square`;
}

/**
 * Where a request chooses how many dimensions there are, or the sides of a matrix, and an operator ends the process where they are others,
 * in words.
 */
export function findChosenRank(inputs: OnnxHeader['inputs'], operators: OnnxHeader['operators']): string | undefined {
  const sides = findChosenSides(inputs, operators);
  if (sides !== undefined) return sides;
  const unranked = inputs.find((input) => input.unranked === true);
  const operator = ranked.find((name) => name in operators);
  if (unranked === undefined || operator === undefined) return undefined;
  return `input '${unranked.name}' declares no shape, and ${operator} ends the process on a tensor of another rank`;
}

/** Operators that may leave nothing, by the inputs whose values decide it. */
export const emptiedBy: Readonly<Record<string, readonly number[]>> = {
  Compress: [1],
  NonMaxSuppression: [0, 1, 2, 3, 4],
  NonZero: [0],
  Slice: [1, 2, 3, 4],
  Split: [1],
  SplitToSequence: [1],
  TopK: [1],
};
