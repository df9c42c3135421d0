import { addressOf } from '../protocol/authority.js';
import type { GrpcServer } from '../grpc/server.js';
import type { GrpcDeps } from './grpc/grpc-host.js';
import { type OpenHealthPort, openOwnHealthPort } from './health-port/health-port.js';
import type { HttpDeps, HttpSide } from './http-side.js';
import { listen, urlOf } from './listen.js';
import type { ServeOptions } from './serve-options.js';
import type { Settings } from './settings/settings.js';
import { servingOf, type Succession } from './supervision/succession.js';

/** What a server takes requests by, each from when it is open. */
export interface Ports {
  http?: HttpSide;
  grpc?: GrpcServer | undefined;
  healthPort?: OpenHealthPort | undefined;
}

/** Where a server is reached. */
export interface Addresses {
  readonly url: string;
  /** `host:port` of the gRPC service; undefined: there is none. */
  readonly grpcAddress: string | undefined;
  /** Where `--health-port` listens. */
  readonly healthPort: number | undefined;
}

function addressesOf(
  settings: Settings,
  { port, grpcPort, healthPort }: Record<'grpcPort' | 'healthPort', number | undefined> & Pick<Settings, 'port'>,
): Addresses {
  const grpcAddress = grpcPort === undefined ? undefined : addressOf(settings.host, grpcPort);
  return { url: urlOf(settings, port), grpcAddress, healthPort };
}

/** Where a server will be reached that has not opened its ports yet. */
export function expectedAddresses(settings: Settings): Addresses {
  const { port, grpcPort, healthPort } = settings;
  return addressesOf(settings, { port, grpcPort, healthPort });
}

interface Opening extends HttpDeps {
  readonly http: HttpSide;
  readonly options: ServeOptions;
}

/** Opens every port when it is this server's turn. Rejects with PORT_IN_USE or USAGE. */
export async function openPorts({ options, http, ...parts }: Opening, ports: Ports): Promise<Addresses> {
  const { settings, succession } = options;
  await succession?.turn;
  const port = await listen(http, settings, succession);
  const health = { health: () => parts.dataplane.health(), metrics: parts.metrics };
  const known = { ownNames: options.ownNames, asksForKeys: !options.keys.isEmpty };
  const healthPort = (ports.healthPort = await openOwnHealthPort(settings, { ...health, ...known }));
  const grpc = (ports.grpc = await openGrpc({ ...parts, doors: http.doors }, succession));
  succession?.tellServing(servingOf(settings));
  return addressesOf(settings, { port, grpcPort: grpc?.port, healthPort: healthPort?.port });
}

/** The gRPC service where the settings have a port for it; nothing of it is loaded otherwise. */
async function openGrpc(deps: GrpcDeps, succession: Succession | undefined): Promise<GrpcServer | undefined> {
  const { grpcPort } = deps.settings;
  if (grpcPort === undefined) return undefined;
  const { openGrpc: open } = await import('./grpc/open-grpc.js');
  return open(deps, grpcPort, succession);
}
