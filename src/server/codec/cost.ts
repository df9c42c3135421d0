import { datatypes } from '../../tensor/datatype.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';

/** Bytes of JSON that an element of each kind comes to, about. */
const bytesPerElement = { bool: 6, uint: 6, int: 6, float: 20, half: 0, bytes: 0 } as const;

/** About how many bytes of JSON tensors come to; binary ones cost nothing worth a hop. */
export function estimateJsonBytes(tensors: NamedTensors, binary: ReadonlySet<string>): number {
  let bytes = 0;
  for (const [name, tensor] of tensors) {
    if (!binary.has(name)) bytes += estimateTensor(tensor);
  }
  return bytes;
}

function estimateTensor(tensor: Tensor): number {
  if (tensor.datatype !== 'BYTES') return tensor.data.length * bytesPerElement[datatypes[tensor.datatype].kind];
  return tensor.data.reduce((sum, element) => sum + element.length + 3, 0);
}
