/** What the load generator keeps of an answer; the body is counted, not kept. */
export interface ResponseFacts {
  readonly status: number;
  /** The header block in lower case, for the few headers that somebody looks at. */
  readonly headers: string;
  readonly bodyBytes: number;
}

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('0\r\n\r\n');

/**
 * Reads HTTP/1.1 answers of one connection, one request at a time (RFC 9112: Content-Length or chunked). `push` answers the facts when
 * an answer is whole. Small on purpose: the load generator shares the machine with what it measures.
 */
export class ResponseParser {
  #head: Buffer = Buffer.alloc(0);
  #headers = '';
  #status = 0;
  #bodyBytes = 0;
  #expected = -1;
  #tail: Buffer = Buffer.alloc(0);

  /** Takes bytes off the socket, and keeps none of their memory; undefined while the answer goes on. Throws where the bytes are no HTTP answer. */
  push(chunk: Buffer): ResponseFacts | undefined {
    const body = this.#status === 0 ? this.#takeHead(chunk) : chunk;
    if (body === undefined) return undefined;
    this.#bodyBytes += body.length;
    return this.#isWhole(body) ? this.#finish() : undefined;
  }

  #takeHead(chunk: Buffer): Buffer | undefined {
    const bytes = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const end = bytes.indexOf(headEnd);
    if (end === -1) {
      this.#head = Buffer.from(bytes); // the chunk's memory is the next read's
      return undefined;
    }
    this.#headers = bytes.toString('latin1', 0, end).toLowerCase();
    this.#status = Number(this.#headers.slice(9, 12));
    if (!this.#headers.startsWith('http/1.1 ') || !(this.#status >= 100)) throw new Error('The answer is not HTTP/1.1');
    this.#expected = this.#headers.includes('transfer-encoding: chunked')
      ? -1
      : Number(findHeader(this.#headers, 'content-length') ?? 0);
    return bytes.subarray(end + headEnd.length);
  }

  #isWhole(body: Buffer): boolean {
    if (this.#expected >= 0) return this.#bodyBytes >= this.#expected;
    this.#tail = Buffer.concat([this.#tail, body]).subarray(-lastChunk.length);
    return this.#tail.equals(lastChunk);
  }

  #finish(): ResponseFacts {
    const facts = { status: this.#status, headers: this.#headers, bodyBytes: this.#bodyBytes };
    this.#head = Buffer.alloc(0);
    this.#tail = Buffer.alloc(0);
    this.#status = 0;
    this.#bodyBytes = 0;
    return facts;
  }
}

/** A header's value out of a lower-case header block, or undefined. */
export function findHeader(headers: string, name: string): string | undefined {
  const at = headers.indexOf(`\r\n${name}:`);
  if (at === -1) return undefined;
  const end = headers.indexOf('\r\n', at + 2);
  return headers.slice(at + name.length + 3, end === -1 ? undefined : end).trim();
}

/** Durations in milliseconds by name out of a Server-Timing header: `queue;dur=0.1, compute;dur=2` (W3C Server Timing). */
export function parseServerTiming(value: string): Readonly<Record<string, number>> {
  const durations: Record<string, number> = {};
  for (const match of value.matchAll(/([\w-]+)[^,]*?;\s*dur=([\d.]+)/g)) durations[match[1] ?? ''] = Number(match[2]);
  return durations;
}
