import { connect } from 'node:net';
import type { DockerGateway } from '../docker/gateway.js';
import type { ContainerDetails, ContainerSummary } from '../docker/types.js';
import { containerLabels } from '../labels.js';
import { findGrpcPort, hostFrom } from '../request/server-options.js';
import type { HostPort } from '../session/address.js';
import { addressOf } from '../../protocol/authority.js';
import { readVariables } from '../text/variables.js';
import type { ContainerSpec } from './spec-types.js';

/** An address of the host that a container is to have, and the flag that gives it the next port instead. */
export interface WantedPort extends HostPort {
  readonly otherwise: string;
  /** The port as it was asked for, which may be a range. */
  readonly told: string;
}

/** The addresses of the host that a container is to have: those to publish, or on the host's network its server's own. */
export function wantedPorts(spec: ContainerSpec): readonly WantedPort[] {
  const { body } = spec;
  if (isOnHostNetwork(spec)) {
    const server = { env: body.Env, command: body.Cmd ?? [], labels: body.Labels };
    return listeners(server).map(({ flag, ...place }) => ({
      ...place,
      told: String(place.port),
      otherwise: `-- ${flag} ${place.port + 1}`,
    }));
  }
  return Object.entries(body.HostConfig.PortBindings).flatMap(([key, bindings]) => {
    const [inside = '', protocol = 'tcp'] = key.split('/');
    return bindings.map(({ HostIp: hostIp, HostPort }) => {
      const port = Number(HostPort);
      const otherwise = Number.isNaN(port) ? `-p ${inside}, for any free port` : `-p ${port + 1}:${inside}`;
      return { hostIp, port, protocol, otherwise, told: HostPort };
    });
  });
}

/** The addresses of the host that a container of ours has. */
export async function readPorts(gateway: DockerGateway, container: ContainerSummary): Promise<readonly HostPort[]> {
  if (!container.networks.includes('host')) {
    return container.ports.flatMap(({ hostPort: port, hostIp = '', protocol }) =>
      port === undefined ? [] : [{ hostIp, port, protocol }],
    );
  }
  const details = await gateway.containers.inspect(container.id).catch(() => undefined);
  return details === undefined ? [] : listeners(details);
}

/** The first of these addresses of this machine at which a program listens, as `host:port`; undefined where none does. */
export async function findListener(wanted: readonly HostPort[]): Promise<string | undefined> {
  const areTaken = await Promise.all(wanted.map(({ hostIp, port }) => doesListen(hostIp, port)));
  const taken = wanted.find((_, index) => areTaken[index]);
  return taken === undefined ? undefined : addressOf(taken.hostIp, taken.port);
}

/** Whether a container has the host's own network, where every program's ports are. */
export function isOnHostNetwork({ body }: ContainerSpec): boolean {
  return body.HostConfig.NetworkMode === 'host';
}

/** Where a server on the host's network listens, and the flags that said so. */
function listeners({
  env,
  command,
  labels,
}: Pick<ContainerDetails, 'env' | 'command' | 'labels'>): readonly (HostPort & { readonly flag: string })[] {
  const variables = readVariables(env);
  const place = { hostIp: hostFrom(variables, command), protocol: 'tcp' };
  const grpcPort = findGrpcPort(variables, command);
  return [
    { ...place, port: Number(labels[containerLabels.port]), flag: '--port' },
    ...(grpcPort === undefined ? [] : [{ ...place, port: grpcPort, flag: '--grpc-port' }]),
  ];
}

const limitMs = 1000;

/** Whether a program takes connections at an address of this machine. */
function doesListen(hostIp: string, port: number): Promise<boolean> {
  const host = /^(|0\.0\.0\.0|::)$/.test(hostIp) ? '127.0.0.1' : hostIp;
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: limitMs });
    const end = (isTaken: boolean) => (): void => {
      socket.destroy();
      resolve(isTaken);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}
