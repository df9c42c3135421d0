import type { ContainerVariant } from '../labels.js';
import type { DeviceMapping } from './flags/devices.js';
import type { GpuRequest } from './flags/gpus.js';
import type { MountRequest } from './flags/mount-types.js';
import type { RestartPolicy, Ulimit } from './flags/policies.js';
import type { PortMapping } from './flags/ports.js';
import type { Origin } from './origin.js';

/** How a server runs: in one of the containers, or as a process. */
export type Variant = ContainerVariant | 'native';

/** How a GPU is to reach the container: `auto` takes the best way that the engine offers. */
export type GpuMode = 'auto' | 'cdi' | 'runtime' | 'gpus' | 'none';

/** What --variant takes. */
export const variants = ['auto', 'cpu', 'gpu', 'cuda', 'native'] as const;

/** The ways to the GPU that `--gpu-mode` takes. */
export const gpuModes: readonly GpuMode[] = ['auto', 'cdi', 'runtime', 'gpus', 'none'];

/** Foreground follows the logs, detached leaves it running, shell gives a prompt instead of the server. */
export type LaunchMode = 'foreground' | 'detached' | 'shell';

/** Options of the container as the flags gave them; what is undefined keeps the engine's own default. */
export interface ContainerRequest {
  readonly name?: string;
  /** Empty: the server's port on 127.0.0.1. */
  readonly ports: readonly PortMapping[];
  readonly mounts: readonly MountRequest[];
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly devices: readonly DeviceMapping[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly network?: string;
  readonly memoryBytes?: number;
  readonly nanoCpus?: number;
  readonly shmBytes?: number;
  readonly pidsLimit?: number;
  readonly readOnly: boolean;
  readonly user?: string;
  readonly init: boolean;
  readonly restart?: RestartPolicy;
  /** Undefined: removed in the foreground, kept when detached. */
  readonly remove?: boolean;
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly securityOptions: readonly string[];
  readonly groupAdd: readonly string[];
  readonly ulimits: readonly Ulimit[];
  readonly platform?: string;
}

/** Everything that a command line asks for, checked and completed; the decision reads nothing else of it. */
export interface LaunchRequest {
  readonly variant: 'auto' | Variant;
  readonly gpuMode: GpuMode;
  readonly gpus?: GpuRequest;
  /** Undefined: the variant's own. */
  readonly image?: string;
  readonly pull: 'missing' | 'always' | 'never';
  /** Whether --context or -H names an engine: nothing else will then do. */
  readonly engineIsNamed: boolean;
  readonly mode: LaunchMode;
  readonly container: ContainerRequest;
  /** After `--`: for the server, or in shell mode the command. */
  readonly serverArgs: readonly string[];
  /** The server's port inside the container. */
  readonly serverPort: number;
  /** Its port for gRPC there; undefined: it opens none. */
  readonly grpcPort?: number;
  /** Who asks; undefined: nobody that a label could name. */
  readonly origin?: Origin;
}

/** Names of NVIDIA's CDI devices that --device asks for. */
export function nvidiaCdiDevices({ container }: LaunchRequest): readonly string[] {
  return container.devices.flatMap((device) =>
    device.kind === 'cdi' && device.name.startsWith('nvidia.com/gpu=') ? [device.name] : [],
  );
}

/** Whether nothing but a GPU will do: then nothing falls back. */
export function insistsOnGpu(request: LaunchRequest): boolean {
  return (
    request.variant === 'gpu' ||
    request.variant === 'cuda' ||
    request.gpus !== undefined ||
    nvidiaCdiDevices(request).length > 0
  );
}

/**
 * The ports to publish: those asked for, else the server's own on 127.0.0.1; the one for gRPC under its own number, on the address of
 * the server's. None on networks that publish none.
 */
export function publishedPorts({ container, serverPort, grpcPort }: LaunchRequest): readonly PortMapping[] {
  if (/^(host|none|container:.*)$/.test(container.network ?? '')) return [];
  const own = portMapping('127.0.0.1', serverPort);
  const ports = container.ports.length > 0 ? container.ports : [own];
  if (grpcPort === undefined || findMapping(ports, grpcPort) !== undefined) return ports;
  return [...ports, portMapping((findMapping(ports, serverPort) ?? own).hostIp, grpcPort)];
}

/** The mapping of a TCP port of the container. */
export function findMapping(ports: readonly PortMapping[], port: number): PortMapping | undefined {
  return ports.find(({ containerPort, protocol }) => containerPort === port && protocol === 'tcp');
}

function portMapping(hostIp: string, port: number): PortMapping {
  return { hostIp, hostPort: String(port), containerPort: port, protocol: 'tcp' };
}

const nothing: ContainerRequest = {
  ports: [],
  mounts: [],
  tmpfs: {},
  devices: [],
  env: {},
  labels: {},
  readOnly: false,
  init: true,
  logDriver: 'json-file',
  logOptions: {},
  capAdd: [],
  capDrop: ['ALL'],
  securityOptions: [],
  groupAdd: [],
  ulimits: [],
};

/** A request for nothing special. */
export const plainRequest: LaunchRequest = {
  variant: 'auto',
  gpuMode: 'auto',
  pull: 'missing',
  engineIsNamed: false,
  mode: 'foreground',
  container: nothing,
  serverArgs: [],
  serverPort: 8000,
};
