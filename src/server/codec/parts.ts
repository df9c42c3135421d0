import { cutCrops } from '../../image/crop.js';
import { imageBytes } from '../../image/image-bytes.js';
import { cutImages, cutsToTensor, cutsWithSizes } from '../../image/image-tensor.js';
import { textsToBatches } from '../../tasks/text/batches.js';
import { asBuffer, performJsonTask, type CodecResult, type CodecTask, type ImagesTask } from './tasks.js';

/** What came of a task: its result, or what is left of it, which is a task again. */
export type Done = { readonly result: CodecResult } | { readonly rest: CodecTask };

/** Does a task where it is called. Rejects with AppErrors. */
export async function performTask(task: CodecTask): Promise<CodecResult> {
  const done = await performPart(task, () => false);
  return 'result' in done ? done.result : performTask(done.rest);
}

/** Does a task, or of several images at least one, and more until `isOver` says between two of them that it is enough. Rejects with AppErrors. */
export async function performPart(task: CodecTask, isOver: () => boolean): Promise<Done> {
  switch (task.kind) {
    case 'decode-images':
    case 'decode-sized-images':
      return decodePart(task, isOver);
    case 'decode-message': {
      // Nothing of gRPC is loaded before it is needed.
      const { decodeInferMessage } = await import('../../protocol/grpc/decode-request.js');
      return { result: decodeInferMessage(asBuffer(task.body), task.model) };
    }
    case 'tokenize':
      return { result: textsToBatches(task.texts, task) };
    case 'cut-crops':
      return { result: await cutCrops(task) };
    default:
      return { result: performJsonTask(task) };
  }
}

async function decodePart(task: ImagesTask, isOver: () => boolean): Promise<Done> {
  const files = task.files ?? task.images.map(imageBytes);
  const cuts = await cutImages(files, task, { done: task.cuts ?? [], isOver });
  if (cuts.length < files.length) return { rest: { ...task, images: [], files, cuts } };
  return {
    result: await (task.kind === 'decode-images' ? cutsToTensor(cuts, task) : cutsWithSizes(cuts, files, task)),
  };
}
