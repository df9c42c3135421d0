import { AppError } from '../errors.js';
import { formatShape } from '../tensor/shape.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { ModelSignature } from './types.js';

/** Refuses inputs whose dimensions of one name differ, where the runtime would answer wrongly or end. Throws INVALID_INPUT. */
export function checkSharedDimensions(inputs: NamedTensors, model: ModelSignature): void {
  for (const { name, places } of model.sharedDimensions ?? []) {
    let first: { readonly input: string; readonly size: number } | undefined;
    for (const { input, axis } of places) {
      const tensor = inputs.get(input);
      const size = tensor?.shape[axis];
      // State that the server keeps is not sent, and of images in their files only the rows are known.
      if (tensor === undefined || size === undefined) continue;
      if (axis > 0 && tensor.datatype === 'BYTES' && model.imageInputs?.has(input) === true) continue;
      first ??= { input, size };
      if (size === first.size) continue;
      throw new AppError(
        'INVALID_INPUT',
        `input '${input}' of shape ${formatShape(tensor.shape)} has ${size} in dimension ${axis}, and input '${first.input}' has ${first.size} ` +
          `where model '${model.name}' declares the same, '${name}'. Expected one size`,
      );
    }
  }
}
