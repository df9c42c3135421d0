import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** How long after the first question the second is asked: by then a client that is gone has refused the first, which only a write notices. */
const askAgainMs = 200;

/**
 * Answers clients that close their side of the connection once their request is sent (`shutdown(SHUT_WR)`, `nc -N`; over TLS its
 * `close_notify`), which Node takes for clients that have gone. One that has gone looks the same until something is written to it. So it
 * is written to, twice, what every client has to skip: `100 Continue` (RFC 9110, 15.2). An answer that goes on without end has no such
 * reader, and ends.
 */
export function answerHalfClosed(server: Server): void {
  Object.assign(server, { httpAllowHalfOpen: true });
  // Behind Node's own listener of the same event.
  const event = server instanceof TlsServer ? 'secureConnection' : 'connection';
  server.on(event, (socket: Socket) => {
    // Over TLS not before: who leaves during the handshake would keep its connection until that has taken too long.
    socket.allowHalfOpen = true;
    socket.once('end', () => judge(socket));
  });
}

function judge(socket: Socket): void {
  const answer = answerOf(socket);
  if (answer === undefined) return;
  if (answer.headersSent) {
    if (!answer.writableEnded) socket.destroy();
    return;
  }
  if (answer.req.httpVersionMinor === 0) return;
  answer.writeContinue();
  const timer = setTimeout(() => {
    if (!answer.headersSent) answer.writeContinue();
  }, askAgainMs);
  answer.once('close', () => clearTimeout(timer));
}

/** The answer that a connection waits for or is being sent, as node:http notes it. */
export function answerOf(socket: object): ServerResponse | undefined {
  return (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}
