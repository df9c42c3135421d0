import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { AppError, messageOf } from '../../errors.js';
import { decodeBody, type BodyOptions } from './content-encoding.js';
import { bodyBytesOf } from './direct.js';
import type { Exchange } from './exchange.js';
import { tooLarge } from './http-errors.js';
import { GrowingBuffer } from '../memory/growing-buffer.js';
import type { RequestMemory } from '../memory/memory-budget.js';

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

function receive(source: IncomingMessage, receiving: Receiving): Promise<Buffer> {
  const { limitBytes, alignAt = 0, memory, lengthBytes } = receiving;
  if (lengthBytes === 0) return Promise.resolve(empty);
  if (lengthBytes !== undefined && lengthBytes > limitBytes) return Promise.reject(tooLarge(limitBytes));
  askForBody(source);
  let parts: GrowingBuffer | undefined;
  const finish = (): Buffer => {
    if (parts === undefined) return empty;
    const body = parts.finish();
    parts = undefined;
    memory.own([body.buffer]);
    return body;
  };
  /** The whole body once it is there. */
  const take = (chunk: Buffer): Buffer | undefined => {
    if (chunk.length === lengthBytes && lengthBytes < smallBytes) {
      memory.take(lengthBytes);
      return chunk;
    }
    parts ??= new GrowingBuffer({ expectedBytes: lengthBytes, alignAt, onHold: memory.counter() });
    if (parts.length + chunk.length > limitBytes) throw tooLarge(limitBytes);
    parts.take(chunk);
    return parts.length === lengthBytes ? finish() : undefined;
  };
  return listen(source, { take, finish, discard: () => parts?.discard() });
}

/** Where chunks go. */
interface Sink {
  /** Answers the whole once it is there. */
  readonly take: (chunk: Buffer) => Buffer | undefined;
  /** The whole where the body ends. */
  readonly finish: () => Buffer;
  /** Called where it does not become whole. */
  readonly discard: () => void;
}

/** Hands chunks to a sink until it answers the whole, or the body ends. What is left after a failure is read and dropped. */
function listen(source: IncomingMessage, { take, finish, discard }: Sink): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Listeners stay, since taking four of them off costs a small request more than it has to read.
    let isOver = false;
    const end = (body: Buffer): void => {
      isOver = true;
      resolve(body);
    };
    const fail = (error: Error): void => {
      if (isOver) return;
      isOver = true;
      discard();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      if (isOver) return;
      try {
        const body = take(chunk);
        if (body !== undefined) end(body);
      } catch (thrown) {
        fail(thrown instanceof Error ? thrown : new Error(messageOf(thrown)));
      }
    };
    const onEnd = (): void => {
      if (!isOver) end(finish());
    };
    const onGone = (): void => {
      if (!isOver) fail(new AppError('CLIENT_GONE', 'The client closed the connection.'));
    };
    source.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  });
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
