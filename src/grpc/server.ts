import type { Http2Server, ServerHttp2Session } from 'node:http2';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { readDefinitions } from './definitions.js';
import { openDoor, type DoorPlace } from './door.js';
import { createGuard } from './guard.js';
import { healthHandlers } from './health.js';
import type { GrpcHost } from './host.js';
import { inferenceHandlers, receivingService } from './inference.js';
import { OpenStreams } from './open-streams.js';
import { addReflection } from './reflection.js';
import { ReadMemory } from './messages/read-memory.js';
import { createReceiving } from './messages/received.js';
import { createSending } from './messages/sent.js';
import { widenWindows } from './messages/windows.js';

/** A gRPC server that listens. */
export interface GrpcServer {
  readonly port: number;
  /** No connection is taken any more, and those there are end after their calls, or the milliseconds given; resolves when none is left. */
  leave(mostMs: number): Promise<void>;
  /** Nothing new is taken; calls under way are answered, streams ended, and everything closed. */
  stop(): Promise<void>;
}

/** Streams of one connection at a time; clients keep more waiting by themselves. */
const mostStreams = 1024;

/** Opens the port with every service. Rejects with the system's error where that cannot be. */
export async function openGrpcServer(host: GrpcHost, at: DoorPlace): Promise<GrpcServer> {
  const streams = new OpenStreams();
  const read = new ReadMemory((buffers) => host.release(buffers));
  const server = createGrpc(host, streams, read);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  followConnections(server, read, host);
  const door = await openDoor(host, at, (socket) => injector.injectConnection(socket));
  const stop = async (): Promise<void> => {
    void door.stopListening();
    streams.stop();
    await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    await door.close();
  };
  const leave = (mostMs: number): Promise<void> => {
    injector.drain(mostMs);
    return door.stopListening();
  };
  return { port: door.port, leave, stop };
}

/** Gives every connection its windows, and follows what it is read into. */
function followConnections(server: Server, read: ReadMemory, host: GrpcHost): void {
  // No public part of @grpc/grpc-js, which has no option for either; its version is pinned.
  const { http2Servers } = server as unknown as { readonly http2Servers: ReadonlyMap<Http2Server, unknown> };
  for (const http2 of http2Servers.keys()) {
    http2.on('session', (session: ServerHttp2Session) => {
      widenWindows(session, host);
      session.on('stream', read.connection());
    });
  }
}

function createGrpc(host: GrpcHost, streams: OpenStreams, read: ReadMemory): Server {
  const { idleConnectionMs, untakenMs } = host.limits;
  const server = new Server({
    interceptors: [createReceiving(host, read), createSending(host), createGuard(host)],
    'grpc.enable_channelz': 0,
    'grpc.max_concurrent_streams': mostStreams,
    ...(idleConnectionMs > 0 ? { 'grpc.max_connection_idle_ms': idleConnectionMs } : {}),
    // A client that does not even answer these reads nothing, or is gone: its connection is closed with all that waits for it.
    ...(untakenMs > 0 ? { 'grpc.keepalive_time_ms': untakenMs, 'grpc.keepalive_timeout_ms': untakenMs } : {}),
  });
  const { packages, inference, health } = readDefinitions();
  const isRaw = (name: string) => name === 'ModelInfer' || name === 'ModelStreamInfer';
  server.addService(receivingService(inference, isRaw), inferenceHandlers(host, inference, streams));
  server.addService(
    receivingService(health, () => false),
    healthHandlers(host, health, streams),
  );
  addReflection(server, packages, { host, streams });
  return server;
}
