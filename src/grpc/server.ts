import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { readDefinitions } from './definitions.js';
import { createGuard } from './guard.js';
import { healthHandlers } from './health.js';
import type { GrpcHost, GrpcTls } from './host.js';
import { inferenceHandlers, receivingService } from './inference.js';
import { OpenStreams } from './open-streams.js';
import { addReflection } from './reflection.js';
import { createReceiving } from './received.js';

/** A gRPC server that listens. */
export interface GrpcServer {
  readonly port: number;
  /** Nothing new is taken; calls under way are answered, streams ended, and everything closed. */
  stop(): Promise<void>;
}

/** Streams of one connection at a time; clients keep more waiting by themselves. */
const mostStreams = 1024;

/** Opens the port with every service. Rejects with the system's error where that cannot be. */
export async function openGrpcServer(host: GrpcHost, at: { host: string; port: number }): Promise<GrpcServer> {
  const streams = new OpenStreams();
  const server = createGrpc(host, streams);
  const injector = server.createConnectionInjector(credentialsOf(host.tls));
  const sockets = new Set<Socket>();
  const door = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    injector.injectConnection(socket);
  });
  if (host.limits.connections > 0) door.maxConnections = host.limits.connections;
  await new Promise<void>((resolve, reject) => door.once('error', reject).listen(at, () => resolve()));
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => door.close(resolve));
    streams.stop();
    await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    for (const socket of sockets) socket.destroySoon();
    await closed;
  };
  return { port: (door.address() as AddressInfo).port, stop };
}

function createGrpc(host: GrpcHost, streams: OpenStreams): Server {
  const { idleConnectionMs } = host.limits;
  const server = new Server({
    interceptors: [createReceiving(host), createGuard(host)],
    'grpc.enable_channelz': 0,
    'grpc.max_concurrent_streams': mostStreams,
    ...(idleConnectionMs > 0 ? { 'grpc.max_connection_idle_ms': idleConnectionMs } : {}),
  });
  const { packages, inference, health } = readDefinitions();
  const isRaw = (name: string) => name === 'ModelInfer' || name === 'ModelStreamInfer';
  server.addService(receivingService(inference, isRaw), inferenceHandlers(host, inference, streams));
  server.addService(
    receivingService(health, () => false),
    healthHandlers(host, health, streams),
  );
  addReflection(server, packages, streams);
  return server;
}

function credentialsOf(tls: GrpcTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { cert, key, clientCa } = tls;
  return ServerCredentials.createSsl(
    clientCa ?? null,
    [{ cert_chain: cert, private_key: key }],
    clientCa !== undefined,
  );
}
