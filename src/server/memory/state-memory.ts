import type { StateMemory } from '../../batching/sequences/types.js';
import { refusal } from '../../errors.js';
import type { MemoryBudget } from './memory-budget.js';

/**
 * What state of sequences counts in: at most half of what requests may hold together, so that sequences that nobody ends, or whose state
 * grows, leave room for the requests of every model. `take` throws PAYLOAD_TOO_LARGE where it could never fit, else MEMORY_FULL.
 */
export function createStateMemory(budget: MemoryBudget): StateMemory {
  const limitBytes = Math.floor(budget.limitBytes / 2);
  let usedBytes = 0;
  return {
    take: (bytes) => {
      if (usedBytes + bytes > limitBytes) throw full({ bytes, usedBytes, limitBytes });
      budget.take(bytes, 0);
      usedBytes += bytes;
    },
    give: (bytes) => {
      usedBytes -= bytes;
      budget.give(bytes);
    },
  };
}

function full(counts: { readonly bytes: number; readonly usedBytes: number; readonly limitBytes: number }) {
  const { bytes, usedBytes, limitBytes } = counts;
  const held = `state of sequences holds ${usedBytes} of the ${limitBytes} that it may hold, half of --request-memory`;
  const text = `The sequence needs ${bytes} more bytes for its state, but ${held}: end sequences with sequence_end, or send it again later.`;
  return refusal(bytes > limitBytes ? 'PAYLOAD_TOO_LARGE' : 'MEMORY_FULL', text, { details: counts });
}
