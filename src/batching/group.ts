import type { NamedTensors, Tensor } from '../tensor/tensor.js';

/** The text that two requests share when their tensors can be put together row by row. */
export function groupOf(inputs: NamedTensors): string {
  if (inputs.size === 1) for (const [name, tensor] of inputs) return rowKind(name, tensor);
  return Array.from(inputs, ([name, tensor]) => rowKind(name, tensor))
    .sort()
    .join(';');
}

function rowKind(name: string, { datatype, shape }: Tensor): string {
  let text = `${name}:${datatype}`;
  for (let axis = 1; axis < shape.length; axis += 1) text += `,${shape[axis] ?? 0}`;
  return text;
}
