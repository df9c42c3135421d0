import { messageOf } from '../../errors.js';

/** Bounds of what a source may make the server hold. */
export interface MjpegLimits {
  /** Most bytes of a frame. */
  readonly frameBytes: number;
  /** Most bytes of the lines between two frames. */
  readonly headerBytes: number;
}

const mostBoundary = 200;
const [cr, lf] = [0x0d, 0x0a];

/**
 * The boundary of a Content-Type, without the dashes before it. Throws what was received where it is no multipart stream: cameras
 * that answer a page or one image are told from those that stream.
 */
export function boundaryOf(contentType: string | null): string {
  const [, , quoted, plain] =
    /^multipart\/(x-mixed-replace|mixed)\s*;(?:[^"]*?;)?\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(
      contentType ?? '',
    ) ?? [];
  const boundary = quoted ?? plain;
  if (boundary !== undefined && boundary.length <= mostBoundary) return boundary.replace(/^--/, '');
  const shown = contentType === null ? 'no Content-Type' : `'${contentType.slice(0, 100)}'`;
  throw new Error(`it answers ${shown}, expected multipart/x-mixed-replace with a boundary (MJPEG)`);
}

/**
 * Takes a multipart stream of images apart as it comes. Frames are copies. What is held is at most a frame and the lines before it, however the
 * bytes are cut; throws what is wrong with the stream, after which it takes nothing more.
 */
export class MjpegParser {
  readonly #delimiter: Buffer;
  readonly #limits: MjpegLimits;
  readonly #mostBytes: number;
  readonly #onFrame: (frame: Buffer) => void;
  #held: Buffer = Buffer.alloc(0);
  #length = 0;
  /** How far a frame of unknown length has been searched for its end. */
  #searched = 0;
  /** Of the part whose lines were read: its bytes where it says how many, or -1; undefined between parts. */
  #partBytes: number | undefined;

  constructor(boundary: string, limits: MjpegLimits, onFrame: (frame: Buffer) => void) {
    this.#delimiter = Buffer.from(`--${boundary}`, 'latin1');
    this.#limits = limits;
    this.#mostBytes = limits.frameBytes + limits.headerBytes;
    this.#onFrame = onFrame;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const count = Math.min(chunk.length - at, this.#mostBytes - this.#length);
      if (count === 0) throw new Error(`a frame has more than ${this.#limits.frameBytes} bytes`);
      this.#append(chunk.subarray(at, at + count));
      at += count;
      while (this.#partBytes === undefined ? this.#readHead() : this.#readBody(this.#partBytes)) continue;
    }
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#held.length) {
      const larger = Buffer.alloc(Math.min(Math.max(needed, 2 * this.#held.length), this.#mostBytes));
      this.#held.copy(larger, 0, 0, this.#length);
      this.#held = larger;
    }
    this.#held.set(bytes, this.#length);
    this.#length = needed;
  }

  /** Drops what was read; the memory stays for the next frame. */
  #drop(count: number): void {
    this.#held.copy(this.#held, 0, count, this.#length);
    this.#length -= count;
    this.#searched = 0;
  }

  /** The delimiter and the lines after it, to the empty one. Answers whether they are there. */
  #readHead(): boolean {
    const { headerBytes } = this.#limits;
    const held = this.#held.subarray(0, this.#length);
    let start = 0;
    while (held[start] === cr || held[start] === lf) start += 1;
    const end = findEmptyLine(held, start);
    const isWhole = end !== undefined || held.length - start >= this.#delimiter.length;
    if (isWhole && !startsWith(held.subarray(start), this.#delimiter)) {
      throw new Error('a part does not begin with the boundary that was announced');
    }
    if (end === undefined) {
      if (held.length > headerBytes) throw new Error(`the header lines of a frame have more than ${headerBytes} bytes`);
      return false;
    }
    if (end > headerBytes) throw new Error(`the header lines of a frame have more than ${headerBytes} bytes`);
    const lines = held.toString('latin1', start + this.#delimiter.length, end);
    if (lines.startsWith('--')) throw new Error('the stream has ended');
    this.#partBytes = lengthOf(lines, this.#limits.frameBytes);
    this.#drop(end);
    return true;
  }

  #readBody(bytes: number): boolean {
    const end = bytes >= 0 ? bytes : this.#findEnd();
    if (end === undefined || end > this.#length) return false;
    if (end > this.#limits.frameBytes) throw new Error(`a frame has more than ${this.#limits.frameBytes} bytes`);
    const frame = Buffer.from(this.#held.subarray(0, end));
    this.#drop(end);
    this.#partBytes = undefined;
    if (frame.length > 0) this.#onFrame(frame);
    return true;
  }

  /** Where a frame ends that does not say how long it is: at the line before the next delimiter. */
  #findEnd(): number | undefined {
    const held = this.#held.subarray(0, this.#length);
    for (let at = held.indexOf(this.#delimiter, this.#searched); at !== -1;) {
      if (held[at - 1] === lf) return held[at - 2] === cr ? at - 2 : at - 1;
      at = held.indexOf(this.#delimiter, at + 1);
    }
    this.#searched = Math.max(0, held.length - this.#delimiter.length);
    return undefined;
  }
}

function startsWith(held: Buffer, start: Buffer): boolean {
  return held.subarray(0, start.length).equals(start);
}

/** Where the first empty line ends: lines may end with CR LF or LF alone. */
function findEmptyLine(held: Buffer, from: number): number | undefined {
  for (let at = held.indexOf(lf, from); at !== -1; at = held.indexOf(lf, at + 1)) {
    if (held[at + 1] === lf) return at + 2;
    if (held[at + 1] === cr && held[at + 2] === lf) return at + 3;
  }
  return undefined;
}

/** The Content-Length of a part's lines, or -1. */
function lengthOf(lines: string, most: number): number {
  const text = /^content-length[ \t]*:([^\r\n]*)/im.exec(lines)?.[1]?.trim();
  if (text === undefined) return -1;
  const bytes = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (bytes <= most) return bytes;
  throw new Error(`a frame announces a Content-Length of ${text.slice(0, 40)}, expected at most ${most}`);
}

/** Why a source ended, in one line without what could steer a terminal. */
export function reasonOf(thrown: unknown): string {
  const { cause } = thrown as { cause?: unknown };
  const text = cause === undefined ? messageOf(thrown) : `${messageOf(thrown)}: ${messageOf(cause)}`;
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200);
}
