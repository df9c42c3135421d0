import { createWriteStream } from 'node:fs';
import { open, readFile, rename, stat, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../errors.js';
import { rewriteExternalData } from '../../model/onnx/edit/external-rewrite.js';

/** Bytes by which the runtime's kernels expect packed weights aligned (MlasGetPreferredBufferAlignment); others crash them. */
const alignment = 64;
const pieceBytes = 1024 * 1024;

/** Bytes of the data file that are needed at another place as well. */
interface Move {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/**
 * Makes the prepacked weights of a saved model begin where the runtime's kernels can use them mapped: it writes those below
 * 1 MiB right behind the weights they were packed from, wherever these end. Such blobs are copied to the end of `dataPath`,
 * and the model is pointed there. Answers how many were.
 */
export async function alignPrepacked(modelPath: string, dataPath: string): Promise<number> {
  const moves = new BlobMoves((await stat(dataPath).catch(() => undefined))?.size ?? 0);
  const pieces = rewriteExternalData(await readFile(modelPath), (key, value) => moves.replace(key, value));
  if (moves.all.length === 0) return 0;
  const data = await open(dataPath, 'r+');
  try {
    for (const move of moves.all) await copyWithin(data, move);
  } finally {
    await data.close();
  }
  const aligned = `${modelPath}.aligned`;
  await pipeline(Readable.from(pieces), createWriteStream(aligned));
  await rename(aligned, modelPath);
  return moves.all.length;
}

/** Gives blobs at odd places of a file new ones behind its end. */
export class BlobMoves {
  readonly #byOffset = new Map<number, Move>();
  #end: number;

  constructor(fileBytes: number) {
    this.#end = fileBytes;
  }

  get all(): readonly Move[] {
    return [...this.#byOffset.values()];
  }

  /**
   * An entry of a tensor's `external_data` with all its blobs aligned. The runtime writes `prepacked_<n>` with
   * `<kernel>+<hash>|<offset>;<bytes>;<checksum>`, and more of the latter where the kernel has several (ExternalDataInfo).
   */
  replace(key: string, value: string): string {
    if (!key.startsWith('prepacked')) return value;
    return value.replace(/\|(\d+);(\d+);/g, (_, offset: string, bytes: string) => {
      return `|${this.#place(Number(offset), Number(bytes))};${bytes};`;
    });
  }

  #place(from: number, bytes: number): number {
    if (from % alignment === 0) return from;
    const known = this.#byOffset.get(from);
    if (known !== undefined) return known.to;
    const to = Math.ceil(this.#end / alignment) * alignment;
    this.#byOffset.set(from, { from, to, bytes });
    this.#end = to + bytes;
    return to;
  }
}

async function copyWithin(file: FileHandle, { from, to, bytes }: Move): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, bytes));
  for (let done = 0; done < bytes;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, bytes - done), from + done);
    if (bytesRead === 0) throw new AppError('INTERNAL', `The saved weights end before byte ${from + bytes}.`);
    done += (await file.write(buffer, 0, bytesRead, to + done)).bytesWritten;
  }
}
