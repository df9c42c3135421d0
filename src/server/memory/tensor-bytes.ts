import type { Tensor } from '../../tensor/tensor.js';

/** What an element of BYTES costs beside its characters, which came with a body or go with an answer that counts. */
const bytesOfText = 64;

/** Memory of tensors, but for those that lie in a body, which counts already. */
export function tensorBytes(tensors: Iterable<Tensor>, body?: Uint8Array): number {
  let bytes = 0;
  for (const tensor of tensors) bytes += oneTensor(tensor, body);
  return bytes;
}

function oneTensor(tensor: Tensor, body: Uint8Array | undefined): number {
  if (tensor.datatype === 'BYTES') return tensor.data.length * bytesOfText;
  return tensor.data.buffer === body?.buffer ? 0 : tensor.data.byteLength;
}
