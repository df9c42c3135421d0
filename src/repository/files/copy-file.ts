import { constants } from 'node:fs';
import { copyFile, open, rm, stat, type FileHandle } from 'node:fs/promises';

/** Whether a copy is still wanted: throws where it is not. */
export type Wanted = Pick<AbortSignal, 'throwIfAborted'>;

/** A call to the system cannot be taken back: a larger file is copied by several. */
const mostBytes = 16 << 20;

/**
 * Copies a file: a clone without cost where the file system can, else by pieces, of which those of zeros become holes.
 * `beforeCopy` is awaited where it is no clone. Rejects with the signal's reason where that aborts; whatever it rejects with, no part of the
 * copy stays.
 */
export async function cloneOrCopy(
  source: string,
  target: string,
  { signal, beforeCopy }: { readonly signal?: Wanted | undefined; readonly beforeCopy: () => Promise<void> },
): Promise<void> {
  signal?.throwIfAborted();
  const clone = copyFile(source, target, constants.COPYFILE_FICLONE_FORCE);
  if (
    await clone.then(
      () => true,
      () => false,
    )
  )
    return;
  await beforeCopy();
  const { size } = await stat(source);
  if (size <= mostBytes) await copyFile(source, target);
  else await copyInPieces(source, target, signal);
}

async function copyInPieces(source: string, target: string, signal: Wanted | undefined): Promise<void> {
  const from = await open(source);
  try {
    const to = await open(target, 'w', 0o600);
    try {
      await movePieces(from, to, signal);
    } catch (error) {
      await rm(target, { force: true });
      throw error;
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

async function movePieces(from: FileHandle, to: FileHandle, signal: Wanted | undefined): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(mostBytes);
  let at = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, mostBytes, at);
    if (bytesRead === 0) break;
    const piece = buffer.subarray(0, bytesRead);
    if (!isZero(piece)) await writeAll(to, piece, at);
    at += bytesRead;
  }
  await to.truncate(at);
}

/** The system may take less at a time, as where the disk is full with the next byte. */
async function writeAll(to: FileHandle, piece: Buffer, at: number): Promise<void> {
  for (let done = 0; done < piece.length;) {
    const { bytesWritten } = await to.write(piece, done, piece.length - done, at + done);
    done += bytesWritten;
  }
}

/** Each byte is like the one before it, and the first is 0. */
function isZero(bytes: Buffer): boolean {
  return bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1));
}
