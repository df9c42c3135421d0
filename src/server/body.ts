import type { IncomingMessage } from 'node:http';
import { AppError, messageOf } from '../errors.js';
import { decodeBody, type BodyOptions } from './content-encoding.js';
import type { Exchange } from './exchange.js';
import { tooLarge } from './http-errors.js';
import { GrowingBuffer } from './memory/growing-buffer.js';

/**
 * The body, undone of its Content-Encoding; none and an empty one are alike. Its memory belongs to the exchange, which frees it.
 * Rejects with PAYLOAD_TOO_LARGE, MEMORY_FULL, CLIENT_GONE, UNSUPPORTED_ENCODING or INVALID_INPUT.
 */
export function readBody(exchange: Exchange, options: Omit<BodyOptions, 'memory'>): Promise<Buffer> {
  const { request, memory } = exchange;
  const { raw } = request;
  const coding = raw.headers['content-encoding'];
  if (coding === undefined) return receive(raw, { ...options, memory, lengthBytes: request.bodyBytes });
  return receive(raw, { limitBytes: options.limitBytes, memory, lengthBytes: request.bodyBytes }).then((body) =>
    decodeBody(body, coding, { ...options, memory }),
  );
}

/** What receiving needs to know. */
interface Receiving extends BodyOptions {
  /** Content-Length; undefined: it comes in chunks of the protocol. */
  readonly lengthBytes: number | undefined;
}

const empty = Buffer.alloc(0);

/** Up to this size a body that comes in one piece is taken as it is. */
const smallBytes = 16 * 1024;

function receive(source: IncomingMessage, { limitBytes, alignAt, memory, lengthBytes }: Receiving): Promise<Buffer> {
  if (lengthBytes === 0) return Promise.resolve(empty);
  if (lengthBytes !== undefined && lengthBytes > limitBytes) return Promise.reject(tooLarge(limitBytes));
  const onHold = memory.counter();
  const parts = new GrowingBuffer({ expectedBytes: lengthBytes, alignAt: alignAt ?? 0, onHold });
  /** The whole body once it is there. */
  const take = (chunk: Buffer): Buffer | undefined => {
    if (chunk.length === lengthBytes && lengthBytes < smallBytes) {
      onHold(lengthBytes);
      return chunk;
    }
    if (parts.length + chunk.length > limitBytes) throw tooLarge(limitBytes);
    parts.take(chunk);
    return parts.length === lengthBytes ? parts.finish() : undefined;
  };
  return listen(source, take, () => parts.finish()).then(
    (body) => {
      memory.own([body.buffer]);
      return body;
    },
    (thrown: unknown) => {
      parts.discard();
      throw thrown;
    },
  );
}

/** Hands chunks to `take` until it answers the whole, or the body ends. What is left after a failure is read and dropped. */
function listen(
  source: IncomingMessage,
  take: (chunk: Buffer) => Buffer | undefined,
  finish: () => Buffer,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      source.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
    };
    const onData = (chunk: Buffer): void => {
      try {
        const body = take(chunk);
        if (body === undefined) return;
        end();
        resolve(body);
      } catch (thrown) {
        end();
        reject(thrown instanceof Error ? thrown : new Error(messageOf(thrown)));
      }
    };
    const onEnd = (): void => {
      end();
      resolve(finish());
    };
    const onGone = (): void => {
      end();
      reject(new AppError('CLIENT_GONE', 'The client closed the connection.'));
    };
    source.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  });
}
