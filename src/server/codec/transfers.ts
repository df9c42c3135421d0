import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import type { CodecResult, CodecTask } from './tasks.js';

/**
 * Below this, copying is cheaper than handing memory over. Node's pool of small Buffers, which must never be handed over,
 * lies below it too.
 */
const leastBytes = 16 * 1024;

/** Whether a view's memory is its own: nothing else can lie in it. */
function isWhole({ byteLength, buffer }: ArrayBufferView): boolean {
  return byteLength === buffer.byteLength;
}

/** A task whose bytes lie in memory of their own, and what of it can be handed over. Shared runs' outputs are copied. */
export function packTask(task: CodecTask): { readonly task: CodecTask; readonly transfers: ArrayBuffer[] } {
  if (task.kind === 'prewarm') return { task, transfers: [] };
  if ('body' in task) {
    const body = isWhole(task.body) ? task.body : new Uint8Array(task.body);
    return { task: { ...task, body }, transfers: listWhole([body]) };
  }
  if (task.kind === 'decode-images') {
    const pictures = task.pictures.map((picture) => (typeof picture === 'string' ? picture : new Uint8Array(picture)));
    const bytes = pictures.filter((picture) => typeof picture !== 'string');
    return { task: { ...task, pictures }, transfers: listWhole(bytes) };
  }
  const outputs = new Map([...task.response.outputs].map(([name, tensor]) => [name, copyTensor(tensor)]));
  // Each branch of the union takes the same tensors.
  const packed = { ...task, response: { ...task.response, outputs } } as CodecTask;
  return { task: packed, transfers: listTensors(outputs) };
}

function copyTensor(tensor: Tensor): Tensor {
  return tensor.datatype === 'BYTES' ? tensor : { ...tensor, data: tensor.data.slice() };
}

/** Memory of a result that can be handed over. */
export function listTransfers(result: CodecResult): ArrayBuffer[] {
  if (result === undefined) return [];
  if ('body' in result) return listWhole([result.body]);
  if ('data' in result) return listWhole([result.data]);
  if ('inputs' in result) return listTensors(result.inputs);
  return result.kind === 'tensors' ? listTensors(result.request.inputs) : [];
}

function listTensors(tensors: NamedTensors): ArrayBuffer[] {
  return listWhole([...tensors.values()].flatMap((tensor) => (tensor.datatype === 'BYTES' ? [] : [tensor.data])));
}

function listWhole(views: readonly ArrayBufferView[]): ArrayBuffer[] {
  return views
    .filter((view) => view.byteLength >= leastBytes && isWhole(view))
    .map(({ buffer }) => buffer)
    .filter((buffer) => buffer instanceof ArrayBuffer);
}
