import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections that a server has accepted and not closed. */
export interface OpenConnections {
  /** Closes those on which no byte has come yet. */
  closeSilent(): void;
}

/**
 * Follows a server's connections. Browsers open some before they have anything to ask; Node takes such a connection for a busy one,
 * and a server that closes would wait for it until its headers are overdue.
 */
export function followConnections(server: Server): OpenConnections {
  const open = new Set<Socket>();
  // Below TLS a connection is never silent: the handshake comes first.
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return {
    closeSilent: () => {
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    },
  };
}
