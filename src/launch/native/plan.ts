import { createHash } from 'node:crypto';
import type { Facts } from '../facts/facts.js';
import { containerLabels } from '../labels.js';
import { findModelFolder } from '../decide/model-place.js';
import type { NativeRequest } from './state.js';
import { originLabels } from '../request/origin.js';
import type { NativePlan } from '../decide/plan-types.js';
import type { PortMapping } from '../request/flags/ports.js';
import { withoutOption } from '../request/server-options.js';
import { findMapping, publishedPorts, type LaunchRequest } from '../request/request.js';

/** From a plan to the process that stands for the container: the same mounts, ports, variables and arguments. Pure. */
export function toNativeRequest(
  request: LaunchRequest,
  plan: NativePlan,
  of: { readonly facts: Facts; readonly cwd: string },
): NativeRequest {
  const { host, port } = findListener(request);
  const grpcPort = findGrpcListener(request);
  const models = findModelFolder(request, of.facts);
  const { container } = request;
  const args = [
    ...(models === undefined ? [] : ['--models', models]),
    '--host',
    host,
    '--port',
    String(port),
    ...(grpcPort === undefined ? [] : ['--grpc-port', String(grpcPort)]),
    ...withoutOption(withoutOption(request.serverArgs, 'port'), 'grpc-port'),
  ];
  const env = { ...(plan.requiresGpu ? { SLIPWAY_REQUIRE_GPU: 'true' } : {}), ...withoutListener(container.env) };
  const cwd = findWorkingFolder(request) ?? of.cwd;
  const config = createHash('sha256')
    .update(JSON.stringify([args, env, cwd]))
    .digest('hex')
    .slice(0, 32);
  const isDetached = request.mode === 'detached';
  return {
    name: container.name ?? `slipway-native-${config.slice(0, 6)}`,
    host,
    port,
    args,
    env,
    cwd,
    config,
    labels: toLabels(request),
    removeOnExit: container.remove ?? !isDetached,
    restart: container.restart?.name !== 'no',
  };
}

/** The first published address of the server's port; a range gives its first port, an open choice the server's own. */
function findListener(request: LaunchRequest): { readonly host: string; readonly port: number } {
  const mapping = findMapping(publishedPorts(request), request.serverPort);
  return { host: mapping?.hostIp ?? '127.0.0.1', port: firstPort(mapping, request.serverPort) };
}

/** The same for gRPC, which listens on the server's address. */
function findGrpcListener(request: LaunchRequest): number | undefined {
  const { grpcPort } = request;
  return grpcPort === undefined ? undefined : firstPort(findMapping(publishedPorts(request), grpcPort), grpcPort);
}

function firstPort(mapping: PortMapping | undefined, open: number): number {
  const first = mapping?.hostPort.split('-')[0] ?? '';
  return first === '' ? open : Number(first);
}

/** What is mounted at /srv is the working folder, as in the container. */
function findWorkingFolder({ container }: LaunchRequest): string | undefined {
  return container.mounts.flatMap((mount) =>
    mount.type === 'bind' && mount.target === '/srv' ? [mount.source] : [],
  )[0];
}

function toLabels({ container, origin }: LaunchRequest): Readonly<Record<string, string>> {
  return {
    ...container.labels,
    [containerLabels.managed]: 'true',
    [containerLabels.variant]: 'native',
    ...(origin === undefined ? {} : originLabels(origin)),
  };
}

function withoutListener(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name !== 'SLIPWAY_PORT' && name !== 'SLIPWAY_HOST'));
}
