import { openGrpcServer, type GrpcServer } from '../../grpc/server.js';
import { listenFailure } from '../listen.js';
import { createGrpcHost, type GrpcDeps } from './grpc-host.js';

/** Opens the gRPC port. Rejects with PORT_IN_USE or USAGE. */
export async function openGrpc(deps: GrpcDeps, port: number): Promise<GrpcServer> {
  const { host } = deps.settings;
  try {
    return await openGrpcServer(createGrpcHost(deps), { host, port });
  } catch (thrown) {
    throw listenFailure(thrown, { host, port, flag: '--grpc-port' });
  }
}
