import { stat } from 'node:fs/promises';
import { formatShape } from '../../src/tensor/shape.js';
import type { TensorSpec } from '../../src/tensor/tensor.js';
import type { DeviceProof, ModelReport } from '../types.js';
import type { ServedModel } from '../targets/server-facts.js';
import type { Target } from '../targets/target.js';
import type { StagedSubject } from './subject.js';
import { hashFile } from '../../src/model/file-hash.js';

/** A target that serves a model, with what it says of it. */
export interface Serving {
  readonly target: Target;
  readonly served: ServedModel;
  readonly proof: DeviceProof;
}

/** What the report says of a model; `left` are the points that were left out. */
export async function describeModel(
  { name, weights, modelPath }: StagedSubject,
  serving: readonly Serving[],
  left: readonly string[],
): Promise<ModelReport> {
  const served = serving[0]?.served;
  const list = (specs: readonly TensorSpec[] = []) =>
    specs.map((spec) => `${spec.name} ${spec.datatype}${formatShape(spec.shape)}`).join(', ');
  return {
    name,
    bytes: modelPath === undefined ? 0 : (await stat(modelPath)).size,
    sha256: modelPath === undefined ? '' : await hashFile(modelPath),
    weights,
    inputs: list(served?.inputs),
    outputs: list(served?.outputs),
    maxBatchRows: Number(served?.properties['max_batch_size'] ?? 0),
    left,
    devices: Object.fromEntries(serving.map(({ target, proof }) => [target.name, proof])),
  };
}
