import type { DetectionRun } from '../../tasks/detection/types.js';
import type { EmbeddingRun } from '../../tasks/embedding/embed.js';
import type { SegmentationRun } from '../../tasks/segmentation/types.js';
import type { EncodedRequest } from '../../protocol/v2/decode-request.js';
import type { ModelSignature } from '../../protocol/types.js';
import type { RequestMemory } from '../memory/memory-budget.js';
import type { ClassesToFind, CodecTask } from './tasks.js';
import { datatypes } from '../../tensor/datatype.js';
import type { NamedTensors } from '../../tensor/tensor.js';

/** Bytes of JSON that an element of each kind comes to, about. */
const bytesPerElement = { bool: 6, uint: 6, int: 6, float: 20, half: 20, bytes: 0 } as const;

/**
 * About how many bytes of JSON reading a request comes to. Binary numbers cost nothing worth a hop; texts, of which a few bytes may hold
 * many, cost the same in either form.
 */
export function estimateDecoding({ body, headerLength }: EncodedRequest, { inputs }: ModelSignature): number {
  const hasTexts = inputs.some(({ datatype }) => datatype === 'BYTES');
  return hasTexts ? body.length : (headerLength ?? body.length);
}

/** About how many bytes of JSON finding classes comes to: each number is looked at, and each class becomes a text. */
export function estimateClassifying({ outputs, asked }: Pick<ClassesToFind, 'outputs' | 'asked'>): number {
  const numbers = (name: string): number => outputs.get(name)?.data.length ?? 0;
  return asked.reduce((sum, { name, classes }) => sum + numbers(name) / 2 + Math.min(classes, numbers(name)) * 20, 0);
}

/**
 * About how many bytes of JSON finding detections comes to: a number is looked at in half the time that a byte of JSON takes, and each box
 * may be compared with every one that is kept. Of masks each may cover its image.
 */
export function estimateDetecting({ outputs, config, asked, placements }: DetectionRun): number {
  let numbers = 0;
  for (const { data } of outputs.values()) numbers += data.length;
  const boxes = Math.max(...(outputs.get(config.outputs.boxes)?.shape ?? []), 0);
  const kept = Math.min(boxes, asked.max);
  const hasMasks = config.masks !== undefined && asked.mask !== undefined && asked.mask !== 'none';
  return numbers / 2 + (boxes * kept) / 32 + (hasMasks ? kept * pixelsOf(placements) : 0);
}

/** About how many bytes of JSON making vectors comes to: adding a number up is a part of the work of reading one, writing one is twenty bytes. */
export function estimateEmbedding({ outputs, config }: EmbeddingRun): number {
  const { data, shape } = outputs.get(config.output) ?? { data: [], shape: [] };
  return data.length / 2 + (shape[0] ?? 0) * (shape.at(-1) ?? 0) * bytesPerElement.float;
}

/** About how many bytes of JSON making masks comes to: each score is looked at once, each pixel of an image several times. */
export function estimateSegmenting({ outputs, config, placements }: SegmentationRun): number {
  return (outputs.get(config.output)?.data.length ?? 0) / 2 + pixelsOf(placements);
}

const pixelsOf = (placements: SegmentationRun['placements']): number =>
  placements.reduce((sum, { imageWidth, imageHeight }) => sum + imageWidth * imageHeight, 0);

/** Bytes of JSON that tensors come to. */
export interface JsonSize {
  /** Where texts are of plain characters; those that go out as binary data count, since they are gone through too. */
  readonly likely: number;
  /** Whatever the texts are. */
  readonly most: number;
}

/** JSON's longest way to write a byte of a text: `\u0001`. */
const mostBytesPerByte = 6;

const noBinary: ReadonlySet<string> = new Set();

/** What writing tensors comes to, by the same rule. */
export function estimateWriting(tensors: NamedTensors, binary = noBinary): JsonSize {
  let [likely, most] = [0, 0];
  for (const [name, tensor] of tensors) {
    const isBinary = binary.has(name);
    if (tensor.datatype === 'BYTES') {
      const bytes = tensor.data.reduce((sum, element) => sum + element.length, 0);
      const marks = tensor.data.length * 3;
      likely += bytes + marks;
      if (!isBinary) most += bytes * mostBytesPerByte + marks;
    } else if (!isBinary) {
      const bytes = tensor.data.length * bytesPerElement[datatypes[tensor.datatype].kind];
      likely += bytes;
      most += bytes;
    }
  }
  return { likely, most };
}

/** Smaller answers are counted when they are there: those that are being written at once are as few as there are threads. */
const leastRoomBytes = 16 << 20;

/**
 * Counts what an answer in JSON may come to before it is written, which may be many times the request: what does not fit is refused then.
 * Answers what was counted, in whose place what was written is held. Throws PAYLOAD_TOO_LARGE and MEMORY_FULL.
 */
export function takeAnswerRoom(memory: RequestMemory, { most }: JsonSize): number {
  if (most < leastRoomBytes) return 0;
  memory.take(most);
  return most;
}

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
  if ('images' in task) return (task.files ?? task.images).reduce((sum, { length }) => sum + length, 0);
  if ('texts' in task) return task.texts.flat().reduce((sum, text) => sum + text.length, 0);
  if (task.kind === 'cut-crops') return task.image.length;
  let bytes = 0;
  for (const { data } of task.response.outputs.values()) bytes += 'byteLength' in data ? data.byteLength : data.length;
  return bytes;
}
