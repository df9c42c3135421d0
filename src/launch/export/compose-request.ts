import { AppError } from '../../errors.js';
import type { GpuPath } from '../decide/gpu/gpu-path.js';
import type { ContainerVariant } from '../labels.js';
import { idsOf, type GpuRequest } from '../request/flags/gpus.js';
import type { MountRequest } from '../request/flags/mount-types.js';
import { findGrpcPort, isTlsFrom, serverOption } from '../request/server-options.js';
import { parseCount } from '../request/flags/sizes.js';

/** One server of a Compose file. */
export interface ComposeService {
  readonly name: string;
  /** Folder to mount at /srv, as the file is to name it: `./models`; undefined serves the bundled models. */
  readonly folder?: string;
  readonly isReadOnly: boolean;
  readonly hostPort: number;
}

/** What a Compose file is to hold. */
export interface ComposeRequest {
  readonly project: string;
  readonly variant: ContainerVariant;
  readonly image: string;
  /** Context and Dockerfile, to build the image where it is missing. */
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly services: readonly ComposeService[];
  readonly network: string;
  /** Address of the host that the ports are published on. */
  readonly hostIp: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of every server, besides its folder; sources as the file is to name them. */
  readonly mounts: readonly MountRequest[];
  readonly serverArgs: readonly string[];
  readonly gpu?: GpuPath;
}

/** How the servers of a file are reached, as their variables and arguments say. */
export interface ComposePorts {
  readonly scheme: 'http' | 'https';
  /** Inside the containers. */
  readonly http: number;
  readonly grpc?: number;
}

/** Throws USAGE for ports that are none. */
export function readPorts({ env, serverArgs }: Pick<ComposeRequest, 'env' | 'serverArgs'>): ComposePorts {
  const grpc = findGrpcPort(env, serverArgs);
  return {
    scheme: isTlsFrom(env, serverArgs) ? 'https' : 'http',
    http: parseCount('--port', serverOption(env, serverArgs, 'port') ?? '8000', 1),
    ...(grpc === undefined ? {} : { grpc }),
  };
}

/** Port on the host of each service's gRPC: counted up from its own number, or from behind those of HTTP where they would meet. Throws USAGE. */
export function grpcHostPorts(services: readonly ComposeService[], grpcPort: number): readonly number[] {
  const taken = services.map(({ hostPort }) => hostPort);
  const meets = taken.some((port) => port >= grpcPort && port < grpcPort + services.length);
  const first = meets ? Math.max(...taken) + 1 : grpcPort;
  const ports = services.map((_, index) => first + index);
  const beyond = ports.find((port) => port > 65_535);
  if (beyond !== undefined) throw usage(`gRPC would get port ${beyond}. Choose a lower --port.`);
  return ports;
}

const namePattern = /^[a-z0-9][a-z0-9_-]*$/;

/** Reads `name`, `name=folder` and `name=folder:rw`; ports count up from `firstPort`. Throws USAGE. */
export function parseServices(operands: readonly string[], firstPort: number): readonly ComposeService[] {
  const texts = operands.length === 0 ? ['slipway'] : operands;
  const services = texts.map((text, index) => parseService(text, firstPort + index));
  const twice = services.find(({ name }, index) => services.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) throw usage(`The service ${twice.name} is named twice. Give each a name of its own.`);
  const beyond = services.find(({ hostPort }) => hostPort > 65_535);
  if (beyond !== undefined) throw usage(`${beyond.name} would get port ${beyond.hostPort}. Choose a lower --port.`);
  return services;
}

function parseService(text: string, hostPort: number): ComposeService {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  if (!namePattern.test(name)) {
    const expected = 'Expected NAME or NAME=FOLDER, the name of lower-case letters, digits, - and _';
    throw usage(`"${text}" is not a service. ${expected}: digits=./my-models`);
  }
  if (at < 0) return { name, isReadOnly: true, hostPort };
  const [, folder = '', mode] = /^(.*?)(?::(ro|rw))?$/.exec(text.slice(at + 1)) ?? [];
  if (folder === '') throw usage(`"${text}" names no folder. Expected NAME=FOLDER: ${name}=.`);
  return { name, folder, isReadOnly: mode !== 'rw', hostPort };
}

/** The ways of docker itself in which a GPU reaches the containers. */
export const composeGpuPaths = ['gpus', 'cdi', 'runtime'] as const satisfies readonly GpuPath['kind'][];

/** What was asked for, by one of them. */
export function toGpuPath(kind: GpuPath['kind'], request: GpuRequest): GpuPath {
  const ids = idsOf(request.selection);
  if (kind === 'gpus') return { kind, request };
  if (kind === 'cdi') return { kind, devices: ids.map((id) => `nvidia.com/gpu=${id}`), needsLabelDisable: false };
  const capabilities = [...new Set(['compute', 'utility', ...request.capabilities])];
  return { kind, visibleDevices: ids.join(','), capabilities };
}

function usage(text: string): AppError {
  return new AppError('USAGE', text);
}
