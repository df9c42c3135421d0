import { isKept } from '../../tensor/release.js';
import { isSpare } from '../memory/spare-buffers.js';
import type { BytesElement, NamedTensors, Tensor } from '../../tensor/tensor.js';
import type { CodecResult, CodecTask } from './tasks.js';

/** Below this, copying is cheaper than handing memory over. */
const leastBytes = 16 * 1024;

/** A task whose bytes lie in memory of their own, and what of it can be handed over. */
export interface PackedTask {
  readonly task: CodecTask;
  readonly transfers: ArrayBuffer[];
}

/** Packs a task for its way to a thread. Outputs that others may read are copied. */
export function packTask(task: CodecTask): PackedTask {
  if ('texts' in task || task.kind === 'cut-crops') return { task, transfers: [] };
  if ('body' in task) {
    const body = isLarge(task.body) ? task.body : new Uint8Array(task.body);
    return { task: { ...task, body }, transfers: listMovable([body]) };
  }
  if ('images' in task) {
    const images = task.images.map((image) => (typeof image === 'string' ? image : new Uint8Array(image)));
    const bytes = images.filter((image) => typeof image !== 'string');
    return { task: { ...task, images }, transfers: listMovable(bytes) };
  }
  if (task.isOwned) return { task, transfers: listTensors(task.response.outputs) };
  const outputs = new Map([...task.response.outputs].map(([name, tensor]) => [name, copyTensor(tensor)]));
  // Each branch of the union takes the same tensors.
  const packed = { ...task, response: { ...task.response, outputs } } as CodecTask;
  return { task: packed, transfers: listTensors(outputs) };
}

/** Packs what is left of a task, whose memory is its own, for either way. */
export function packRest(task: CodecTask): PackedTask {
  const views = 'cuts' in task ? [...(task.files ?? []), ...(task.cuts ?? []).map(({ pixels }) => pixels.data)] : [];
  return { task, transfers: listMovable(views) };
}

function copyTensor(tensor: Tensor): Tensor {
  return tensor.datatype === 'BYTES' ? tensor : { ...tensor, data: tensor.data.slice() };
}

/** Memory of a result that can be handed over. */
export function listTransfers(result: CodecResult): ArrayBuffer[] {
  if (isList(result)) return [];
  if ('tensor' in result) return listTensors(new Map([['', result.tensor]]));
  if ('body' in result) return listMovable([result.body, ...(result.tail ?? [])]);
  if ('data' in result) return listMovable([result.data]);
  if ('inputs' in result) return listTensors(result.inputs);
  return 'request' in result ? listTensors(result.request.inputs) : [];
}

/** Large memory of a task that has come to its thread. Nobody else has it there, so that it is freed with the task's end. */
export function listArrived(task: CodecTask): ArrayBuffer[] {
  if ('body' in task) return listMovable([task.body]);
  return 'response' in task ? listTensors(task.response.outputs) : [];
}

/** The memory of a task's body where it is worth keeping and nothing of the result lies in it. */
export function findSpent(
  task: CodecTask,
  result: CodecResult,
  transfers: readonly ArrayBuffer[],
): ArrayBuffer | undefined {
  if (!('body' in task)) return undefined;
  const [buffer] = listMovable([task.body]);
  if (buffer === undefined || !isSpare(buffer) || transfers.includes(buffer)) return undefined;
  const isRead = listElements(result).some((element) => typeof element !== 'string' && element.buffer === buffer);
  return isRead ? undefined : buffer;
}

/** Elements of BYTES and files of a result, which may be views on the body that they came in. */
function listElements(result: CodecResult): readonly BytesElement[] {
  if (isList(result)) return [];
  if ('images' in result) return result.images;
  const inputs = 'inputs' in result ? result.inputs : 'request' in result ? result.request.inputs : undefined;
  return [...(inputs?.values() ?? [])].flatMap((tensor) => (tensor.datatype === 'BYTES' ? tensor.data : []));
}

/** Detections, tokens and vectors are a few numbers, which are copied. */
const isList = (result: NonNullable<CodecResult>): result is Extract<CodecResult, readonly unknown[]> =>
  Array.isArray(result);

function listTensors(tensors: NamedTensors): ArrayBuffer[] {
  return listMovable([...tensors.values()].flatMap((tensor) => (tensor.datatype === 'BYTES' ? [] : [tensor.data])));
}

/** Several views may lie in one body, which moves once. */
function listMovable(views: readonly ArrayBufferView[]): ArrayBuffer[] {
  const large = views.filter(isLarge).map(({ buffer }) => buffer);
  return [...new Set(large)].filter((buffer) => buffer instanceof ArrayBuffer);
}

const isLarge = ({ byteLength, buffer }: ArrayBufferView): boolean => byteLength >= leastBytes && !isKept(buffer);
