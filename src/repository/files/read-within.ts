import { AppError } from '../../errors.js';

/** What is read, and how long that may take. */
export interface Reading<T> {
  /** As the subject of a sentence. */
  readonly what: string;
  readonly limitMs: number;
  /** Called with what comes when nobody waits for it any more. */
  readonly onLate?: (result: T) => void;
}

/** Labels, settings and what exporters leave beside a model: a few MiB at most. */
const smallFilesMs = 30_000;
/** A model file with its weights, which may be large and come from far away. */
const modelFilesMs = 30 * 60_000;

/**
 * Waits for files to be read, but not for ever: a file system that does not answer would else hold up a model, and every call about it.
 * The system's own call cannot be taken back. Rejects with MODEL_INVALID.
 */
export async function readWithin<T>(work: Promise<T>, { what, limitMs, onLate }: Reading<T>): Promise<T> {
  let [timer, isLate] = [undefined as NodeJS.Timeout | undefined, false];
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      const text = `${what} could not be read within ${limitMs / 1000} s: the file system does not answer. Look at its mount, then load the model again.`;
      reject(new AppError('MODEL_INVALID', text));
    }, limitMs);
  });
  work.then(
    (result) => {
      if (isLate) onLate?.(result);
    },
    () => undefined,
  );
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Waits for a model file, and hands it on where it comes too late. */
export const readLarge = <T>(what: string, work: Promise<T>, onLate: (result: T) => void): Promise<T> =>
  readWithin(work, { what, limitMs: modelFilesMs, onLate });

/** Waits for what is small. */
export const readSmall = <T>(what: string, work: Promise<T>): Promise<T> =>
  readWithin(work, { what, limitMs: smallFilesMs });
