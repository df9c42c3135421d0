import type { Socket } from 'node:net';
import { emptyPolicy, safeHeaders } from './safe-headers.js';

/** What node:http hands over when it cannot read a request. */
export interface ConnectionFault extends Error {
  readonly code?: string;
}

const answers: Readonly<Record<string, readonly [status: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The request headers are larger than the server takes.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive whole in time.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'The chunk extensions are larger than the server takes.'],
};

/** Answers a request that is not HTTP, or came too slowly, and closes its connection. */
export function refuseConnection(fault: ConnectionFault, socket: Socket): void {
  if (fault.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const text = `The request is not valid HTTP: ${fault.message}.`;
  const [status, reason] = answers[fault.code ?? ''] ?? ['400 Bad Request', text];
  const body = JSON.stringify({ error: reason });
  const length = String(Buffer.byteLength(body));
  const headers = [
    'content-type',
    'application/json',
    'content-length',
    length,
    'connection',
    'close',
    ...safeHeaders,
    ...emptyPolicy,
  ];
  const lines = headers.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
  socket.end(`HTTP/1.1 ${status}\r\n${lines}\r\n${body}`, () => socket.destroy());
}
