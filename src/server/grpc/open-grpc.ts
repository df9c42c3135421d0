import type { Server } from 'node:net';
import { openGrpcServer, type GrpcServer } from '../../grpc/server.js';
import { listenFailure } from '../supervision/listen-failure.js';
import type { Succession } from '../supervision/succession.js';
import { createGrpcHost, type GrpcDeps } from './grpc-host.js';

/** Opens the gRPC port. Rejects with PORT_IN_USE or USAGE. */
export async function openGrpc(deps: GrpcDeps, port: number, succession?: Succession): Promise<GrpcServer> {
  const at = { host: deps.settings.host, port, flag: '--grpc-port' };
  const onOpen = (server: Server): void => succession?.share(server, at);
  try {
    return await openGrpcServer(createGrpcHost(deps), { ...at, fd: succession?.inherited(at), onOpen });
  } catch (thrown) {
    throw listenFailure(thrown, at);
  }
}
