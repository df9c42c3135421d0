import { decodeBody } from './content-encoding.js';
import type { Exchange } from './exchange.js';

/** The body as sent, undone of its Content-Encoding; a promise only where there is one. No body and an empty one are alike. */
export function readBody(exchange: Exchange, limitBytes: number): Buffer | Promise<Buffer> {
  const body = (exchange.request.body as Buffer | undefined) ?? empty;
  const coding = exchange.request.headers['content-encoding'];
  return coding === undefined ? body : decodeBody(body, coding, limitBytes);
}

const empty = Buffer.alloc(0);
