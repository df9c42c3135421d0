import { AppError } from '../../errors.js';
import type { EmbeddingConfig } from '../../model/tasks/text-config.js';
import { numbersOf } from '../../tensor/half.js';
import { formatShape } from '../../tensor/shape.js';
import type { NamedTensors, NumericTensor } from '../../tensor/tensor.js';

/** One run's outputs, and which of its tokens count: all of them where no mask is given. */
export interface EmbeddingRun {
  readonly outputs: NamedTensors;
  readonly config: EmbeddingConfig;
  readonly mask?: NumericTensor;
  /** Numbers that are kept of each vector, the first ones. Default: all. */
  readonly dimensions?: number;
}

/** The vector of each row of a run, summed in FP64. Throws MODEL_INVALID where the output is not as the pooling needs it. */
export function embed({ outputs, config, mask, dimensions }: EmbeddingRun): readonly Float32Array<ArrayBuffer>[] {
  const tensor = outputs.get(config.output);
  if (tensor === undefined || tensor.datatype === 'BYTES') throw unexpected(config, 'holds no numbers here');
  const { shape } = tensor;
  const isPooled = config.pooling === 'none';
  const fits = isPooled ? shape.length >= 2 && shape.slice(2).every((dim) => dim === 1) : shape.length === 3;
  if (!fits) throw unexpected(config, `has the shape ${formatShape(shape)} here`);
  const [rows = 0, second = 0, third = 0] = shape;
  const [tokens, size] = isPooled ? [1, second] : [second, third];
  const isOther = !isPooled && mask !== undefined && (mask.shape[0] !== rows || mask.shape[1] !== tokens);
  if (isOther)
    throw unexpected(config, `has the shape ${formatShape(shape)} here, its mask ${formatShape(mask.shape)}`);
  const values = numbersOf(tensor);
  const counted = isPooled || mask === undefined ? undefined : numbersOf(mask);
  return Array.from({ length: rows }, (_, row) => {
    const own = Array.from({ length: tokens }, (_, token) => row * tokens + token).filter(
      (at) => counted === undefined || Number(counted[at]) !== 0,
    );
    const vector = pool(
      own.map((at) => values.subarray(at * size, (at + 1) * size) as ArrayLike<number>),
      { config, size },
    ).subarray(0, dimensions);
    return Float32Array.from(config.normalize ? normalise(vector) : vector);
  });
}

function unexpected({ output, pooling }: EmbeddingConfig, what: string): AppError {
  const expected = pooling === 'none' ? '[N,D]' : '[N,tokens,D], as many tokens as were sent';
  return new AppError('MODEL_INVALID', `embedding reads output '${output}', which ${what}: expected ${expected}`);
}

function pool(
  tokens: readonly ArrayLike<number>[],
  { config: { pooling }, size }: { readonly config: EmbeddingConfig; readonly size: number },
): Float64Array {
  const pooled = new Float64Array(size);
  const [first = pooled] = tokens;
  if (pooling === 'cls' || pooling === 'none' || tokens.length === 0) return Float64Array.from(first, Number);
  if (pooling === 'max') {
    pooled.set(first);
    for (const token of tokens)
      for (let i = 0; i < size; i++) pooled[i] = Math.max(pooled[i] as number, token[i] as number);
    return pooled;
  }
  for (const token of tokens) for (let i = 0; i < size; i++) pooled[i] = (pooled[i] as number) + (token[i] as number);
  return pooled.map((sum) => sum / tokens.length);
}

/** One long; a vector of nothing stays what it is. */
function normalise(vector: Float64Array): Float64Array {
  const length = lengthOf(vector);
  return length > 0 ? vector.map((value) => value / length) : vector;
}

/** By the largest value first, so that squares neither overflow nor vanish. */
function lengthOf(vector: ArrayLike<number>): number {
  const largest = largestOf(vector);
  if (!(largest > 0) || largest === Infinity) return largest;
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += ((vector[i] as number) / largest) ** 2;
  return largest * Math.sqrt(sum);
}

function largestOf(vector: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < vector.length; i++) largest = Math.max(largest, Math.abs(vector[i] as number));
  return largest;
}

/** Most vectors that are compared with each other in one request. */
export const mostCompared = 256;

/** The cosine of each vector with each; 0 with a vector of nothing. */
export function similarity(vectors: readonly Float32Array[]): readonly (readonly number[])[] {
  const units = vectors.map((vector) => normalise(Float64Array.from(vector)));
  return units.map((a) =>
    units.map((b) => {
      let sum = 0;
      for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
      return Math.min(1, Math.max(-1, sum));
    }),
  );
}
