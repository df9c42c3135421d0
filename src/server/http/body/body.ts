import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { AppError, messageOf } from '../../../errors.js';
import { pullBody, type PullTarget } from './pull.js';
import { decodeBody, type BodyOptions } from './content-encoding.js';
import { bodyBytesOf } from '../direct.js';
import type { Exchange } from '../exchange.js';
import { tooLarge } from '../http-errors.js';
import { GrowingBuffer } from '../../memory/growing-buffer.js';
import type { RequestMemory } from '../../memory/memory-budget.js';

/**
 * The body, undone of its Content-Encoding; none and an empty one are alike. Its memory belongs to the exchange, which frees it.
 * Rejects with PAYLOAD_TOO_LARGE, MEMORY_FULL, CLIENT_GONE, UNSUPPORTED_ENCODING or INVALID_INPUT.
 */
export function readBody(exchange: Exchange, options: Omit<BodyOptions, 'memory'>): Promise<Buffer> {
  const { request, memory } = exchange;
  const { raw } = request;
  const coding = raw.headers['content-encoding'];
  const { bodyBytes: lengthBytes } = request;
  const { limitBytes, alignAt } = options;
  if (coding === undefined) return receive(raw, { limitBytes, alignAt, memory, lengthBytes });
  return receive(raw, { limitBytes, memory, lengthBytes }).then((body) =>
    decodeBody(body, coding, { ...options, memory }),
  );
}

/** What receiving needs to know. */
interface Receiving extends BodyOptions {
  readonly memory: RequestMemory;
  /** Content-Length; undefined: it comes in chunks of the protocol. */
  readonly lengthBytes: number | undefined;
}

const empty = Buffer.alloc(0);

/** Below this size a body that comes in one piece is taken as it is, a view of what was read from the socket, which it may share with other requests. */
const smallBytes = 16 * 1024;

/** Bodies from this size on are read past the stream where they can be. */
const pulledFromBytes = 128 * 1024;

function receive(source: IncomingMessage, receiving: Receiving): Promise<Buffer> {
  const { limitBytes, lengthBytes } = receiving;
  if (lengthBytes === 0) return Promise.resolve(empty);
  if (lengthBytes !== undefined && lengthBytes > limitBytes) return Promise.reject(tooLarge(limitBytes));
  askForBody(source);
  return new Promise((resolve, reject) => {
    const arrival = new Arrival(receiving, resolve, reject);
    arrival.listen(source);
    if (lengthBytes !== undefined && lengthBytes >= pulledFromBytes) pullBody(source, arrival);
  });
}

/** A body on its way: it is told once, whole or why it will not be. What comes after a failure is read and dropped. */
class Arrival implements PullTarget {
  readonly #receiving: Receiving;
  readonly #resolve: (body: Buffer) => void;
  readonly #reject: (error: Error) => void;
  #parts: GrowingBuffer | undefined;
  #isOver = false;

  constructor(receiving: Receiving, resolve: (body: Buffer) => void, reject: (error: Error) => void) {
    this.#receiving = receiving;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Listeners stay, since taking four of them off costs a small request more than it has to read. */
  listen(source: IncomingMessage): void {
    const onGone = (): void => {
      // An error costs more than all else here, and each request is closed in the end.
      if (!this.#isOver) this.#fail(new AppError('CLIENT_GONE', 'The client closed the connection.'));
    };
    source
      .on('data', (chunk: Buffer) => this.#take(chunk))
      .on('end', () => this.#end())
      .on('close', onGone)
      .on('error', onGone);
  }

  room(): Uint8Array | undefined {
    if (this.#isOver) return undefined;
    try {
      return this.#hold().room();
    } catch (thrown) {
      this.#fail(thrown);
      return undefined;
    }
  }

  filled(bytes: number): void {
    this.#hold().filled(bytes);
    this.#endIfWhole();
  }

  #take(chunk: Buffer): void {
    if (this.#isOver) return;
    const { lengthBytes, limitBytes, memory } = this.#receiving;
    try {
      if (chunk.length === lengthBytes && lengthBytes < smallBytes) {
        memory.take(lengthBytes);
        this.#end(chunk);
        return;
      }
      const parts = this.#hold();
      if (parts.length + chunk.length > limitBytes) throw tooLarge(limitBytes);
      parts.take(chunk);
      this.#endIfWhole();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #hold(): GrowingBuffer {
    const { lengthBytes: expectedBytes, alignAt = 0, memory } = this.#receiving;
    const { spares } = memory;
    return (this.#parts ??= new GrowingBuffer({ expectedBytes, alignAt, onHold: memory.counter(), spares }));
  }

  #endIfWhole(): void {
    if (this.#parts?.length === this.#receiving.lengthBytes) this.#end();
  }

  /** With a chunk that is all of it, which may be a view of what other requests read as well, or with what was put together, which is the request's own. */
  #end(chunk: Buffer = empty): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const body = this.#parts?.finish() ?? chunk;
    if (this.#parts !== undefined) this.#receiving.memory.own([body.buffer]);
    this.#parts = undefined;
    this.#resolve(body);
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts?.discard();
    this.#reject(thrown instanceof Error ? thrown : new Error(messageOf(thrown)));
  }
}

/** Requests whose client waits to be asked for the body, with their answers. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Smaller bodies cost less to drop than the new connection that a client needs which was not asked for them. */
const leastHeldBytes = 256 * 1024;

/**
 * Lets a client that sent `Expect: 100-continue` wait until its body is read (`askForBody`), unless it is small. A request that is
 * refused before costs no body then; Node closes its connection after the answer, since the client may send the body yet.
 */
export function holdContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if ((bodyBytesOf(request.headers) ?? Infinity) < leastHeldBytes) response.writeContinue();
    else waiting.set(request, response);
    server.emit('request', request, response);
  });
}

/** Asks for the body of a request whose client waits to be asked. */
function askForBody(request: IncomingMessage): void {
  if (request.headers.expect === undefined) return;
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}
