import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Tls } from '../../access/tls.js';

/** A server for HTTPS; new certificates hold for new connections. Who shows no certificate where one is asked for is turned away at the gates, not here, so that health can be asked. */
export function createTlsServer(
  tls: Tls,
  {
    options,
    onRequest,
  }: {
    readonly options: ServerOptions;
    readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  },
): Server {
  const handshakeTimeout = options.headersTimeout;
  const server = createServer(
    {
      ...options,
      ...tls.context(),
      ...(handshakeTimeout === undefined || handshakeTimeout === 0 ? {} : { handshakeTimeout }),
      requestCert: tls.asksForCertificate,
      rejectUnauthorized: false,
    },
    onRequest,
  );
  // Before Node hands it on as a request that cannot be read: an answer would wait for a handshake that never comes to its end.
  server.prependListener('tlsClientError', (_error, socket) => socket.destroy());
  tls.onChange((context) => server.setSecureContext(context));
  return server;
}
