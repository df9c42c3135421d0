import type { NamedTensors } from '../../tensor/tensor.js';
import { estimateMostJsonBytes } from '../codec/cost.js';
import type { RequestMemory } from '../memory/memory-budget.js';

/** Smaller answers are counted when they are there: those that are being written at once are as few as there are threads. */
const leastBytes = 16 << 20;

const noBinary: ReadonlySet<string> = new Set();

/**
 * Counts what an answer in JSON may come to before it is written, which may be many times the request: what does not fit is refused then.
 * Answers what was counted, in whose place what was written is held. Throws PAYLOAD_TOO_LARGE and MEMORY_FULL.
 */
export function takeAnswerRoom(memory: RequestMemory, outputs: NamedTensors, binary = noBinary): number {
  const bytes = estimateMostJsonBytes(outputs, binary);
  if (bytes < leastBytes) return 0;
  memory.take(bytes);
  return bytes;
}
