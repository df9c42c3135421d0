import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { GrpcHost, GrpcTls } from './host.js';

/** A port on which connections for gRPC arrive. */
export interface Door {
  readonly port: number;
  /** Resolves when nothing is connected any more. */
  stopListening(): Promise<void>;
  /** Ends what is connected once it is sent what it is owed, and all that has not come through a handshake. */
  close(): Promise<void>;
}

/** Longest time for a handshake, in milliseconds. */
const handshakeMs = 10_000;

/** Where a port is opened. */
export interface DoorPlace {
  readonly host: string;
  readonly port: number;
  /** Descriptor of a socket that listens there already. */
  readonly fd?: number | undefined;
  /** Hears of the server that listens. */
  readonly onOpen?: (server: Server) => void;
}

/** Opens the port, under TLS where the host has it. Rejects with the system's error where that cannot be. */
export async function openDoor(
  { tls, limits }: Pick<GrpcHost, 'tls' | 'limits'>,
  { host, port, fd, onOpen }: DoorPlace,
  onConnection: (socket: Socket) => void,
): Promise<Door> {
  const [connected, accepted] = [new Set<Socket>(), new Set<Socket>()];
  const listener = createListener(tls, (socket) => {
    keep(connected, socket);
    onConnection(socket);
  });
  listener.on('connection', (socket: Socket) => keep(accepted, socket));
  if (limits.connections > 0) listener.maxConnections = limits.connections;
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject).listen(fd === undefined ? { host, port } : { fd }, () => resolve());
  });
  onOpen?.(listener);
  const closed = new Promise<void>((resolve) => listener.once('close', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    stopListening: () => {
      listener.close();
      return closed;
    },
    close: async () => {
      await Promise.all([...connected].map(endSoon));
      for (const socket of accepted) socket.destroy();
      await closed;
    },
  };
}

function createListener(tls: GrpcTls | undefined, onConnection: (socket: Socket) => void): Server {
  if (tls === undefined) return createServer({ noDelay: true }, onConnection);
  const { asksForCertificate } = tls;
  const listener = createTlsServer(
    {
      ...tls.context(),
      ALPNProtocols: ['h2'],
      noDelay: true,
      handshakeTimeout: handshakeMs,
      requestCert: asksForCertificate,
      rejectUnauthorized: asksForCertificate,
    },
    onConnection,
  );
  tls.onChange((context) => listener.setSecureContext(context));
  // Without a listener a failed handshake leaves the socket open.
  return listener.on('tlsClientError', (_, socket) => socket.destroy());
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
}

/**
 * Its HTTP/2 session ends the socket after the last of its calls, and then waits for the client to do so too, which some never do.
 * From Node.js 24 on the gRPC library says that it has shut down before that.
 */
function endSoon(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    if (socket.writableFinished) socket.destroy();
    else socket.once('finish', () => socket.destroy());
  });
}
