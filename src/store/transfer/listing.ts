import { AppError } from '../../errors.js';
import type { Digest } from './digest.js';

/** One file of what is to be fetched. */
export interface ListedFile {
  /** Where it goes, below the folder of what arrives: `digits/1/model.onnx`. */
  readonly path: string;
  readonly sizeBytes?: number;
  /** What its bytes must come to, as the place itself says. */
  readonly digest?: Digest;
  /** The same where the place says it with the bytes alone. */
  digestOf?(response: Response): Digest | undefined;
  /** An archive, of which these files are taken. */
  readonly unpack?: Unpacking;
  /** The bytes from an offset on: 206, or 200 with all of them. Any status comes back as it is. */
  open(offset: number): Promise<Response>;
}

/** How an archive is unpacked. */
export interface Unpacking {
  readonly isGzip: boolean;
  /** Where a file of the archive goes, below the folder of what arrives; undefined: it is left out. */
  placeOf(path: string): string | undefined;
}

/** What a place holds now. */
export interface Listing {
  /** What this state is called there: a commit, a digest, a tag of the file server. */
  readonly revision: string;
  /** Whether the same revision means the same bytes; false: there is nothing to know them by, and they are fetched each time. */
  readonly isPinned: boolean;
  /** The file or folder of what arrives that holds the models. */
  readonly entry: string;
  readonly files: readonly ListedFile[];
  /** A model file whose weights may be in files beside it, and how to get one, by the path that the model names. */
  readonly beside?: { readonly model: string; find(path: string): ListedFile };
  /** What was chosen or left out, for people. */
  readonly notes: readonly string[];
}

/** A path as a place names it, checked: below the folder, plain. Throws MODEL_INVALID. */
export function checkPath(path: string, shown: string): string {
  const parts = path.split('/');
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..') && !/[\\\p{Cc}]/u.test(path);
  if (isPlain) return path;
  throw new AppError(
    'MODEL_INVALID',
    `${shown} holds a file named ${JSON.stringify(path)}, which is refused: expected a path below its folder.`,
  );
}
