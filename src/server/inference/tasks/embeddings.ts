import { AppError } from '../../../errors.js';
import type { InferResult } from '../../../batching/types.js';
import { mostCompared, similarity } from '../../../tasks/embedding/embed.js';
import type { ServableModel } from '../../../repository/types.js';
import type { NumericTensor } from '../../../tensor/tensor.js';
import type { Codec } from '../../codec/codec.js';
import type { EmbeddingsToMake, WrittenVector } from '../../codec/tasks.js';

/** One run with the mask of its tokens, where it has one. */
export interface MaskedResult {
  readonly result: InferResult;
  readonly mask: NumericTensor | undefined;
}

/** Runs whose vectors are wanted. */
export interface VectorRuns extends Pick<EmbeddingsToMake, 'dimensions' | 'form'> {
  readonly runs: readonly MaskedResult[];
  /** Their outputs are read afterwards. */
  readonly isKept: boolean;
}

/** The vectors of several runs, run by run. Throws MODEL_INVALID. */
export async function makeVectors(
  codec: Codec,
  model: ServableModel,
  { runs, isKept, ...how }: VectorRuns,
): Promise<readonly WrittenVector[]> {
  const { embedding: config } = model.config;
  if (config === undefined) return [];
  const made = runs.map(async ({ result, mask }) => {
    const own = result.outputs.get(config.output);
    const outputs = own === undefined ? new Map() : new Map([[config.output, own]]);
    const isOwned = result.batchRequests === 1 && !isKept;
    return codec.embed({ model: model.name, outputs, config, ...(mask && { mask }), ...how }, isOwned);
  });
  return (await Promise.all(made)).flat();
}

/** The cosine of each vector with each as JSON. Throws INVALID_INPUT for too many. */
export function writeSimilarity(vectors: readonly WrittenVector[]): string {
  if (vectors.length > mostCompared) {
    throw new AppError(
      'INVALID_INPUT',
      `'similarity' was requested for ${vectors.length} inputs, expected at most ${mostCompared} in one request`,
    );
  }
  return JSON.stringify(similarity(vectors.map(({ vector }) => vector)));
}
