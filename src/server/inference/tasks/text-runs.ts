import type { ModelConfig } from '../../../model/config.js';
import type { TextInput, TokenIds } from '../../../model/tasks/text-config.js';
import { inTurns } from '../../../in-turns.js';
import type { TextBatch } from '../../../tasks/text/batches.js';
import type { NamedTensors, NumericTensor } from '../../../tensor/tensor.js';
import type { Codec } from '../../codec/codec.js';
import { tensorBytes } from '../../memory/memory-budget.js';
import type { InferenceRequest } from '../inference.js';
import type { TaskRuns } from './task-answer.js';
import { readTextBatches } from './texts.js';

/** A request with texts, and what is wanted of them. */
export interface TextCall extends Pick<InferenceRequest, 'view' | 'signal' | 'trace' | 'memory'> {
  readonly startMs: number;
  /** The outputs that are read. */
  readonly outputs: readonly string[];
  /** Each text runs alone, in order. */
  readonly isInOrder: boolean;
}

/** The results of texts, with their tokens, padding left out, and what it took to read them. */
export interface TextRuns extends TaskRuns {
  readonly decodeMs: number;
  readonly tokens: number;
}

/** Texts of about one length a run; runs of up to half the queue's rows wait for workers at the same time. Throws AppError. */
export async function runTexts(
  codec: Codec,
  texts: readonly (TextInput | TokenIds)[],
  call: TextCall,
): Promise<TextRuns> {
  const { view, outputs, isInOrder, signal, trace } = call;
  const { model } = view;
  const mostRows = isInOrder ? 1 : view.batching.maxRows;
  const batches = await readTextBatches(codec, texts, { model, mostRows });
  const ordered = isInOrder ? batches.toSorted((a, b) => (a.texts[0] ?? 0) - (b.texts[0] ?? 0)) : batches;
  const decodeMs = performance.now() - call.startMs;
  call.memory.take(tensorBytes(ordered.flatMap(({ inputs }) => [...inputs.values()])));
  const masks = ordered.map(({ inputs }) => copyMask(inputs, model.config));
  // One request does not fill the queue: others find room beside it.
  const turns = { most: view.batching.maxQueueRows / 2, sizeOf: (batch: TextBatch) => batch.texts.length };
  const results = await inTurns(ordered, turns, ({ inputs, texts: { length: rows } }) =>
    model.infer({ inputs, outputs, rows, priority: 0, queueTimeoutMs: 0, signal, trace }),
  );
  const tokens = ordered.reduce((sum, batch) => sum + batch.tokens, 0);
  return { results, frames: [], masks, order: ordered.flatMap((batch) => batch.texts), decodeMs, tokens };
}

/** Which tokens count, for who pools their vectors once the run has taken the memory of its inputs. */
export function copyMask(inputs: NamedTensors, { text, embedding }: ModelConfig): NumericTensor | undefined {
  const mask = embedding && inputs.get(text?.mask ?? '');
  return mask === undefined || mask.datatype === 'BYTES' ? undefined : { ...mask, data: mask.data.slice() };
}
