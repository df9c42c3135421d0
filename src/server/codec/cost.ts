import type { DetectionRun } from '../../tasks/detection/types.js';
import type { EmbeddingRun } from '../../tasks/embedding/embed.js';
import type { SegmentationRun } from '../../tasks/segmentation/types.js';
import type { EncodedRequest } from '../../protocol/v2/decode-request.js';
import type { ModelSignature } from '../../protocol/types.js';
import type { ClassesToFind } from './tasks.js';
import { datatypes } from '../../tensor/datatype.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';

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

/** About how many bytes of JSON writing tensors comes to, by the same rule; of texts of plain characters. */
export function estimateJsonBytes(tensors: NamedTensors, binary: ReadonlySet<string>): number {
  let bytes = 0;
  for (const [name, tensor] of tensors) {
    if (tensor.datatype === 'BYTES' || !binary.has(name)) bytes += estimateTensor(tensor, 1);
  }
  return bytes;
}

/** JSON's longest way to write a byte of a text: `\u0001`. */
const mostBytesPerByte = 6;

/** How many bytes of JSON tensors may come to, whatever their texts are. */
export function estimateMostJsonBytes(tensors: NamedTensors, binary: ReadonlySet<string>): number {
  let bytes = 0;
  for (const [name, tensor] of tensors) if (!binary.has(name)) bytes += estimateTensor(tensor, mostBytesPerByte);
  return bytes;
}

function estimateTensor(tensor: Tensor, bytesPerByte: number): number {
  if (tensor.datatype !== 'BYTES') return tensor.data.length * bytesPerElement[datatypes[tensor.datatype].kind];
  return tensor.data.reduce((sum, element) => sum + element.length * bytesPerByte + 3, 0);
}
