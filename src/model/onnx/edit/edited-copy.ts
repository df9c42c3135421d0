import { closeSync, createReadStream, createWriteStream, openSync, readSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { broken } from '../fields.js';
import { editGraph, type GraphEdit } from './edit-graph.js';
import { withOnnxFile } from '../reader.js';
import type { Piece } from './splice.js';

const pieceBytes = 1 << 20;

/** Writes the model file `source` with the changes of `edit` to `target`; weights pass through in pieces. */
export async function writeEdited(source: string, edit: GraphEdit, target: string): Promise<void> {
  const pieces = withOnnxFile(source, (bytes) => editGraph(bytes, edit));
  await pipeline(Readable.from(readPieces(source, pieces)), createWriteStream(target));
}

/** The same while this thread waits. */
export function writeEditedNow(source: string, edit: GraphEdit, target: string): void {
  const pieces = withOnnxFile(source, (bytes) => editGraph(bytes, edit));
  const [from, to] = [openSync(source, 'r'), openSync(target, 'wx')];
  try {
    const buffer = Buffer.allocUnsafe(pieceBytes);
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) writeFileSync(to, piece);
      else
        for (let at = piece.start; at < piece.end;) {
          const length = readSync(from, buffer, 0, Math.min(pieceBytes, piece.end - at), at);
          if (length === 0) throw broken(`it ends at byte ${at} while it is copied`);
          writeFileSync(to, buffer.subarray(0, length));
          at += length;
        }
    }
  } finally {
    closeSync(from);
    closeSync(to);
  }
}

async function* readPieces(path: string, pieces: readonly Piece[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else if (piece.end > piece.start) {
      const stream = createReadStream(path, { start: piece.start, end: piece.end - 1, highWaterMark: pieceBytes });
      for await (const chunk of stream) yield chunk as Buffer;
    }
  }
}
