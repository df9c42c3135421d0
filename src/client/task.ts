import type { ModelMetadata } from '../protocol/types.js';

const names = ['classification', 'detection', 'segmentation', 'embedding'] as const;

/** What a model's outputs mean. */
export type TaskName = (typeof names)[number];

/** What a model is for. */
export interface ModelTask {
  /** Absent: its outputs are tensors, and their meaning is the caller's. */
  readonly name?: TaskName;
  /** What it can be sent beside tensors. */
  readonly takes: 'image' | 'text' | 'tensors';
}

/** Reads it out of a model's metadata; of a server that tells nothing, tensors. */
export function taskOf({ properties = {} }: Pick<ModelMetadata, 'properties'>): ModelTask {
  const name = names.find((known) => known === properties['task']);
  const takes = 'image_input' in properties ? 'image' : 'text_input' in properties ? 'text' : 'tensors';
  return { ...(name === undefined ? {} : { name }), takes };
}
