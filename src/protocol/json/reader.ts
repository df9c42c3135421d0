import { AppError } from '../../errors.js';

const slots = 1024;
const longest = 48;

/** The last short text seen in each slot: keys and tensor names come again with every request, so they are made once. */
const seen: (string | undefined)[] = new Array<string | undefined>(slots).fill(undefined);

/** The text of ASCII bytes; `hash` is any hash of them. Short texts come from a cache of fixed size. */
function readAscii(bytes: Buffer, range: { readonly start: number; readonly end: number; readonly hash: number }) {
  const { start, end, hash } = range;
  if (end - start > longest) return bytes.toString('latin1', start, end);
  const slot = hash & (slots - 1);
  const known = seen[slot];
  if (known !== undefined && isText(known, bytes, start) && known.length === end - start) return known;
  const text = bytes.toString('latin1', start, end);
  seen[slot] = text;
  return text;
}

function isText(text: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== bytes[start + i]) return false;
  }
  return true;
}

/** Bytes of JSON's grammar (RFC 8259). */
export const ascii = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  plus: 0x2b,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  openArray: 0x5b,
  upperI: 0x49,
  backslash: 0x5c,
  closeArray: 0x5d,
  lowerE: 0x65,
  lowerF: 0x66,
  lowerN: 0x6e,
  lowerT: 0x74,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** Brackets that may be open at once, in the whole document (Triton's limit). */
const maxDepth = 100;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const loneSurrogate = /\p{Surrogate}/u;

/**
 * A cursor on the bytes of one JSON document. Values are read where they are wanted, so numbers keep the digits that
 * `JSON.parse` would lose. A byte order mark in front is skipped; everything else that is not JSON throws INVALID_INPUT with the byte's offset.
 */
export class JsonReader {
  readonly bytes: Buffer;
  pos = 0;
  #depth = 0;
  readonly #subject: string;

  constructor(bytes: Buffer, subject = 'the request JSON document') {
    this.bytes = bytes;
    this.#subject = subject;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.pos = 3;
  }

  /** Moves to the next byte that is not blank and answers it; -1 at the end. */
  peek(): number {
    const { bytes } = this;
    let pos = this.pos;
    let byte = 0;
    while (pos < bytes.length) {
      byte = bytes[pos] as number;
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
      pos++;
    }
    this.pos = pos;
    return pos < bytes.length ? byte : -1;
  }

  fail(reason: string): never {
    throw new AppError('INVALID_INPUT', `failed to parse ${this.#subject}: ${reason} at byte ${String(this.pos)}`);
  }

  /** Counts an opening bracket at the cursor and moves past it. */
  enter(): void {
    if (++this.#depth > maxDepth) {
      this.fail(`JSON nesting depth exceeds maximum allowed limit (${String(maxDepth)})`);
    }
    this.pos++;
  }

  /** The counterpart of `enter`: moves past a closing bracket. */
  leave(): void {
    this.#depth--;
    this.pos++;
  }

  /** Reads an object; `field` reads the value that follows each key. `what` names the value in messages. */
  readObject(what: string, field: (key: string) => void): void {
    if (this.peek() !== ascii.openObject) this.fail(`${what} must be an object`);
    this.enter();
    if (this.peek() !== ascii.closeObject) {
      do {
        field(this.readKey());
      } while (this.#continues(ascii.closeObject));
    }
    this.leave();
  }

  /** Reads an array; `item` reads each element. */
  readArray(what: string, item: () => void): void {
    if (this.peek() !== ascii.openArray) this.fail(`${what} must be an array`);
    this.enter();
    if (this.peek() !== ascii.closeArray) {
      do {
        item();
      } while (this.#continues(ascii.closeArray));
    }
    this.leave();
  }

  #continues(closer: number): boolean {
    const byte = this.peek();
    if (byte === closer) return false;
    if (byte !== ascii.comma) this.fail(`expected ',' or '${String.fromCharCode(closer)}'`);
    this.pos++;
    return true;
  }

  /** Reads an object's key and its colon. */
  readKey(): string {
    const key = this.readString('a key');
    if (this.peek() !== ascii.colon) this.fail(`expected ':' after key '${key}'`);
    this.pos++;
    return key;
  }

  /** Reads a string: valid UTF-8 and no lone surrogate. */
  readString(what: string): string {
    if (this.peek() !== ascii.quote) this.fail(`${what} must be a string`);
    const { bytes } = this;
    const start = this.pos + 1;
    let end = start;
    let hash = 0;
    for (;;) {
      const byte = bytes[end];
      if (byte === ascii.quote) break;
      if (byte === undefined) this.fail('a string is not terminated');
      if (byte < 0x20 || byte > 0x7e || byte === ascii.backslash) return this.#readAnyString(end);
      hash = (Math.imul(hash, 31) + byte) | 0;
      end++;
    }
    this.pos = end + 1;
    return readAscii(bytes, { start, end, hash });
  }

  #readAnyString(from: number): string {
    const { bytes } = this;
    let end = from;
    while (end < bytes.length && bytes[end] !== ascii.quote) end += bytes[end] === ascii.backslash ? 2 : 1;
    if (end >= bytes.length) this.fail('a string is not terminated');
    const quoted = this.#decode(this.pos, end + 1);
    let text: string;
    try {
      text = JSON.parse(quoted) as string;
    } catch {
      return this.fail('a string holds a control character or an unknown escape');
    }
    if (loneSurrogate.test(text)) this.fail('a string holds a lone surrogate, which UTF-8 cannot carry');
    this.pos = end + 1;
    return text;
  }

  #decode(start: number, end: number): string {
    try {
      return utf8.decode(this.bytes.subarray(start, end));
    } catch {
      return this.fail('a string is not valid UTF-8');
    }
  }

  /** Whether a literal stands at the cursor; moves past it if so. */
  take(literal: string): boolean {
    const { bytes, pos } = this;
    for (let i = 0; i < literal.length; i++) {
      if (bytes[pos + i] !== literal.charCodeAt(i)) return false;
    }
    this.pos = pos + literal.length;
    return true;
  }

  /** Whether the value at the cursor is null; moves past it if so. Where a member may be absent, null says that it is. */
  takeNull(): boolean {
    return this.peek() === ascii.lowerN && this.take('null');
  }

  readBoolean(what: string): boolean {
    this.peek();
    if (this.take('true')) return true;
    if (!this.take('false')) this.fail(`${what} must be true or false`);
    return false;
  }

  /** Checks that nothing but blanks follows. */
  finish(): void {
    if (this.peek() !== -1) this.fail('there is data after the end of the document');
  }
}
