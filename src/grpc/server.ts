import { Server, ServerCredentials } from '@grpc/grpc-js';
import { readDefinitions } from './definitions.js';
import { openDoor } from './door.js';
import { createGuard } from './guard.js';
import { healthHandlers } from './health.js';
import type { GrpcHost } from './host.js';
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
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const door = await openDoor(host, at, (socket) => injector.injectConnection(socket));
  const stop = async (): Promise<void> => {
    door.stopListening();
    streams.stop();
    await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    await door.close();
  };
  return { port: door.port, stop };
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
