import type { NumericData, NumericDatatype } from '../../tensor/datatype.js';
import { isKept } from '../../tensor/release.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import type { TensorPairs } from './messages.js';

/** From this size on a buffer is moved instead of copied into the message, unless it is Node's pool, which cannot be moved. */
const transferFromBytes = 4096;

/**
 * Tensors made ready to cross a thread: pairs, with the buffers to move appended to `moved`. A small tensor is copied out of
 * whatever larger buffer it is a view of, since cloning a view clones all that lies under it; a large one moves with its
 * whole buffer, which its sender loses.
 */
export function toPairs(tensors: NamedTensors, moved: Set<ArrayBuffer>): TensorPairs {
  const pairs: [string, Tensor][] = [];
  for (const [name, tensor] of tensors)
    pairs.push([name, tensor.datatype === 'BYTES' ? tensor : toMovable(tensor, moved)]);
  return pairs;
}

function toMovable(
  tensor: { readonly datatype: NumericDatatype; readonly shape: Tensor['shape']; readonly data: NumericData },
  moved: Set<ArrayBuffer>,
): Tensor {
  const { datatype, shape, data } = tensor;
  if (data.byteLength >= transferFromBytes && !isKept(data.buffer)) {
    moved.add(data.buffer);
    return { datatype, shape, data };
  }
  return data.byteLength === data.buffer.byteLength
    ? { datatype, shape, data }
    : { datatype, shape, data: data.slice() };
}
