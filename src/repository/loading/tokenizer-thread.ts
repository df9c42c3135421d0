import { parentPort, workerData } from 'node:worker_threads';
import { toPlainError, type PlainError } from '../../errors.js';
import { mostTokens } from '../../model/tasks/text-config.js';
import type { TokenizerFile } from '../../model/tokenizer-file.js';
import { openTokenizer } from '../../tasks/text/tokenizer.js';

/** What the thread tells: the error that the tokenizer failed with, or null. */
export type TriedTokenizer = PlainError | null;

/** Entry of a thread that tries a tokenizer on a short text. */
function tryTokenizer(file: TokenizerFile): TriedTokenizer {
  try {
    openTokenizer(file).encode('text', mostTokens);
    return null;
  } catch (error) {
    return toPlainError(error, 'MODEL_INVALID');
  }
}

parentPort?.postMessage(tryTokenizer(workerData as TokenizerFile));
