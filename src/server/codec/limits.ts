import type { CodecTask } from './tasks.js';

/** Whose task it is and of which kind: tasks of one line are done in order, lines in turn. */
export function lineOf(task: CodecTask): string {
  return `${modelOf(task)} ${'images' in task ? 'images' : 'bodies'}`;
}

/** The model that a task is for. */
export function modelOf(task: CodecTask): string {
  switch (task.kind) {
    case 'encode-infer':
      return task.response.modelName;
    case 'encode-predict':
    case 'encode-outputs':
    case 'classify':
    case 'detect':
    case 'segment':
    case 'embed':
      return task.response.model;
    case 'decode-images':
    case 'decode-sized-images':
    case 'tokenize':
    case 'cut-crops':
      return task.model;
    default:
      return task.model.name;
  }
}

/** Longest time of a task, and what it may take for each MiB that it reads: several times what a busy machine needs. */
const taskMs = 60_000;
const perMibMs = 2000;

/** How long a task may take before its thread is taken for lost. */
export function limitOf(task: CodecTask): number {
  return taskMs + Math.round((perMibMs * bytesOf(task)) / 2 ** 20);
}

function bytesOf(task: CodecTask): number {
  if ('body' in task) return task.body.byteLength;
  if ('images' in task) return task.images.reduce((sum, image) => sum + image.length, 0);
  if ('texts' in task) return task.texts.flat().reduce((sum, text) => sum + text.length, 0);
  if (task.kind === 'cut-crops') return task.image.length;
  let bytes = 0;
  for (const { data } of task.response.outputs.values()) bytes += 'byteLength' in data ? data.byteLength : data.length;
  return bytes;
}
