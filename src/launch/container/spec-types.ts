import type { ContainerVariant } from '../labels.js';

/** A device that the engine's drivers look up: CDI names, or GPUs by a driver. */
export interface DeviceRequest {
  readonly Driver: string;
  readonly Count?: number;
  readonly DeviceIDs?: readonly string[];
  readonly Capabilities?: readonly (readonly string[])[];
  readonly Options?: Readonly<Record<string, string>>;
}

/** The part of the Engine API's HostConfig that the launcher writes. */
export interface HostConfig {
  readonly Init: boolean;
  readonly AutoRemove: boolean;
  readonly RestartPolicy: { readonly Name: string; readonly MaximumRetryCount: number };
  readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  readonly SecurityOpt: readonly string[];
  readonly CapDrop: readonly string[];
  readonly CapAdd: readonly string[];
  readonly PortBindings: Readonly<Record<string, readonly { HostIp: string; HostPort: string }[]>>;
  readonly Mounts: readonly ApiMount[];
  readonly Binds: readonly string[];
  readonly Tmpfs: Readonly<Record<string, string>>;
  readonly Devices: readonly { PathOnHost: string; PathInContainer: string; CgroupPermissions: string }[];
  readonly DeviceRequests: readonly DeviceRequest[];
  readonly GroupAdd: readonly string[];
  readonly Ulimits: readonly { Name: string; Soft: number; Hard: number }[];
  readonly ReadonlyRootfs: boolean;
  readonly Runtime?: string;
  readonly NetworkMode?: string;
  readonly Memory?: number;
  readonly NanoCpus?: number;
  readonly ShmSize?: number;
  readonly PidsLimit?: number;
}

/** One entry of HostConfig.Mounts. */
export interface ApiMount {
  readonly Type: 'bind' | 'volume' | 'tmpfs';
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
  readonly Consistency?: string;
  readonly BindOptions?: Readonly<Record<string, unknown>>;
  readonly VolumeOptions?: Readonly<Record<string, unknown>>;
  readonly TmpfsOptions?: Readonly<Record<string, unknown>>;
}

/** Body of `POST /containers/create`. */
export interface CreateBody {
  readonly Image: string;
  readonly Env: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly ExposedPorts: Readonly<Record<string, Record<string, never>>>;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Healthcheck?: { readonly Test: readonly string[] };
  readonly User?: string;
  /** Seconds that a stop waits before it kills. */
  readonly StopTimeout?: number;
  readonly Tty: boolean;
  readonly OpenStdin: boolean;
  readonly StdinOnce: boolean;
  readonly HostConfig: HostConfig;
}

/** A container to create, complete. */
export interface ContainerSpec {
  readonly name: string;
  /** Whether --name gave the name. */
  readonly isNamed: boolean;
  readonly variant: ContainerVariant;
  readonly platform?: string;
  /** Fingerprint of what was asked for, names and lifetimes left out. */
  readonly configHash: string;
  readonly body: CreateBody;
}
