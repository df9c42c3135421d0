import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { isDiscarding } from '../body/discard.js';
import { answerOf } from './half-closed.js';
import { emptyPolicy, safeHeaders } from '../safe-headers.js';

/** What node:http hands over when it cannot read a request. */
export interface ConnectionFault extends Error {
  readonly code?: string;
}

const answers: Readonly<Record<string, readonly [status: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The request headers are larger than the server takes.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive completely in time.'],
  CONNECT: [
    '405 Method Not Allowed',
    'CONNECT is not supported: this server is not a proxy. Send the request to the server itself.',
  ],
  HPE_PAUSED_H2_UPGRADE: [
    '400 Bad Request',
    'The client speaks HTTP/2, and this port HTTP/1.1. To fix: send HTTP/1.1, or gRPC to the port of --grpc-port.',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'The chunk extensions are larger than the server takes.'],
};

/** How long a client may take for the refusal, which is short. */
const untakenMs = 5000;

/** Connections whose refusal waits for answers before it. */
const refused = new WeakSet<Duplex>();

/**
 * Answers a request that is not HTTP, or came too slowly, and closes its connection. Requests that came whole before it on the same connection
 * are answered first.
 */
export function refuseConnection(fault: ConnectionFault, socket: Duplex): void {
  if (socket.destroyed || refused.has(socket)) return;
  if (fault.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  refused.add(socket);
  refuseInTurn(fault, socket);
}

function refuseInTurn(fault: ConnectionFault, socket: Duplex): void {
  if (socket.destroyed) return;
  const before = answerOf(socket);
  if (before?.req.complete === true || before?.writableEnded === true) {
    // Node has turned to the next answer by then.
    before.once('close', () => refuseInTurn(fault, socket));
    return;
  }
  // Where the request has its answer, another would be taken for that of the next.
  if (!socket.writable || before?.headersSent === true || isDiscarding(socket)) {
    socket.destroy();
    return;
  }
  const text = `The request is not valid HTTP: ${fault.message}.`;
  const [status, reason] = answers[fault.code ?? ''] ?? ['400 Bad Request', text];
  const body = JSON.stringify({ error: reason });
  const headers = headersOf(body);
  const lines = headers.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
  setTimeout(() => socket.destroy(), untakenMs).unref();
  socket.end(`HTTP/1.1 ${status}\r\n${lines}\r\n${body}`, () => socket.destroy());
}

function headersOf(body: string): readonly string[] {
  const length = String(Buffer.byteLength(body));
  const own = ['content-type', 'application/json', 'content-length', length, 'connection', 'close'];
  return [...own, ...safeHeaders, ...emptyPolicy];
}

/** Gives requests that node:http answers by itself, without a word, the usual form of an error: tunnels, and expectations but 100-continue. */
export function refuseUnserved(server: Server): void {
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    refuseConnection(Object.assign(new Error('CONNECT'), { code: 'CONNECT' }), socket);
  });
  server.on('checkExpectation', ({ headers }, response) => {
    const error = `Expect: ${headers.expect ?? ''} cannot be met. Expected 100-continue, or no such header.`;
    const body = JSON.stringify({ error });
    response.writeHead(417, [...headersOf(body)]).end(body);
  });
}
