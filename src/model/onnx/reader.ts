import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { AppError, messageOf } from '../../errors.js';
import type { OnnxHeader } from '../config.js';
import { broken, type ByteSource } from './fields.js';
import { parseOnnxHeader } from './header.js';

const smallWindow = 4 * 1024;
const largeWindow = 64 * 1024;

/**
 * Reads what an ONNX file says of itself; of a 100 MB model that takes some hundred kilobytes. Blocks for these few reads.
 * Throws MODEL_INVALID with the reason.
 */
export function readOnnxHeader(path: string): OnnxHeader {
  const file = open(path);
  try {
    return parseOnnxHeader(new FileSource(file));
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

/** A file seen through a window: small after a jump (over weights), larger while reading on. */
class FileSource implements ByteSource {
  readonly size: number;
  readonly #file: number;
  readonly #buffer = Buffer.allocUnsafe(largeWindow);
  #start = 0;
  #end = 0;

  constructor(file: number) {
    this.#file = file;
    const stats = fstatSync(file);
    if (!stats.isFile()) throw broken('it is not a regular file');
    this.size = stats.size;
  }

  read(at: number, length: number): Uint8Array {
    if (at < this.#start || at + length > this.#end) {
      if (length > largeWindow) return this.#readInto(Buffer.allocUnsafe(length), at, length);
      const isNear = at >= this.#start && at <= this.#end;
      const read = this.#readInto(this.#buffer, at, isNear ? largeWindow : Math.max(smallWindow, length));
      [this.#start, this.#end] = [at, at + read.length];
    }
    return this.#buffer.subarray(at - this.#start, Math.min(at + length, this.#end) - this.#start);
  }

  #readInto(buffer: Buffer, at: number, length: number): Buffer {
    return buffer.subarray(0, readSync(this.#file, buffer, 0, length, at));
  }
}
