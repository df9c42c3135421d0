import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { AppError, messageOf } from '../../errors.js';
import type { OnnxHeader } from '../config.js';
import { proveRows, type RowsProof } from '../rows/prove.js';
import { broken, WireReader, type ByteSource } from './fields.js';
import { parseOnnxModel, type OnnxModel } from './header.js';
import { readStructure } from './structure-reader.js';
import { findsOnlyUtf8 } from './texts.js';

const bufferBytes = 64 * 1024;

/**
 * Reads what an ONNX file says of itself; of a 100 MB model that takes some hundred kilobytes. Blocks for these few reads.
 * Throws MODEL_INVALID with the reason.
 */
export function readOnnxHeader(path: string): OnnxHeader {
  return readOnnxModel(path).header;
}

/** The same with the changes that a copy of the file needs where the defaults of inputs `replaced` are given by requests. */
export function readOnnxModel(path: string, replaced?: ReadonlySet<string>): OnnxModel {
  return withOnnxFile(path, (bytes) => parseOnnxModel(bytes, replaced));
}

/**
 * Whether a model's graph keeps rows apart, and if that is not known, why. Of its weights only small constants are read. Blocks
 * for some milliseconds. A file whose graph cannot be read is not proven.
 */
export function readRowsProof(path: string): RowsProof {
  try {
    return withOnnxFile(path, (source) => proveRows(readStructure(new WireReader(source), source.size)));
  } catch (error) {
    return { proven: false, reason: `its graph cannot be followed (${messageOf(error)})` };
  }
}

/** Whether all texts that a model file computes with are valid UTF-8. Blocks while it looks at each of them. */
export function hasOnlyUtf8(path: string): boolean {
  return withOnnxFile(path, (source) => findsOnlyUtf8(new WireReader(source), source.size));
}

/** What `read` answers for the bytes of a file, which is open meanwhile. */
export function withOnnxFile<T>(path: string, read: (bytes: ByteSource) => T): T {
  const file = open(path);
  try {
    return read(new FileSource(file));
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new AppError('MODEL_INVALID', `The model file cannot be opened (${messageOf(cause)}).`, { cause });
  }
}

/** A file, read a piece at a time into one buffer. */
class FileSource implements ByteSource {
  readonly size: number;
  readonly #file: number;
  readonly #buffer = Buffer.allocUnsafe(bufferBytes);

  constructor(file: number) {
    this.#file = file;
    const stats = fstatSync(file);
    if (!stats.isFile()) throw broken('it is not a regular file');
    this.size = stats.size;
  }

  read(at: number, length: number): Uint8Array {
    const buffer = length > bufferBytes ? Buffer.allocUnsafe(length) : this.#buffer;
    return buffer.subarray(0, readSync(this.#file, buffer, 0, length, at));
  }
}
