import { AppError } from '../../errors.js';

/** A class with its probability. */
export interface Labelled {
  readonly label?: string;
  readonly index: number;
  readonly probability?: number;
}

/** A box. */
export interface Found {
  readonly box: readonly number[];
  readonly label?: string;
  readonly index: number;
  readonly score: number;
}

/** The classes of an image's pixels. */
export interface Segmented {
  readonly width: number;
  readonly height: number;
  readonly classes: readonly {
    readonly label?: string;
    readonly index: number;
    readonly share: number;
    readonly pixels: number;
  }[];
  /** PNG in base64. */
  readonly mask?: string;
}

/** What `/predictions` and version 1 answer; of several inputs each member is a list with one entry an input. */
export interface AnswerBody {
  readonly predictions?: unknown;
  readonly detections?: readonly Found[] | readonly (readonly Found[])[];
  readonly segmentation?: Segmented | readonly Segmented[];
  readonly embeddings?: readonly number[] | readonly (readonly number[])[];
  readonly similarity?: readonly (readonly number[])[];
  readonly outputs?: unknown;
}

/** Reads an answer. Whole numbers that a double cannot hold stay texts. Throws REQUEST_FAILED for what is not a JSON object. */
export function parseAnswerBody(text: string): AnswerBody {
  const safe = text.replace(
    /("[^"\\]*(?:\\.[^"\\]*)*")|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g,
    (whole, quoted?: string) => quoted ?? `"${whole}"`,
  );
  let value: unknown;
  try {
    value = JSON.parse(safe);
  } catch (cause) {
    throw new AppError('REQUEST_FAILED', 'The server answered with a body that is not JSON.', { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new AppError('REQUEST_FAILED', 'The server answered with JSON that is not an object.');
}

/** The vectors of an answer, also where there was one input. */
export function vectorsOf({ embeddings = [] }: AnswerBody): readonly (readonly number[])[] {
  const isOne = embeddings.length > 0 && embeddings.every((each) => typeof each === 'number');
  return isOne ? [embeddings] : (embeddings as readonly (readonly number[])[]);
}
