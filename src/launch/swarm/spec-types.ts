/** A service in the Engine API's form, as far as the launcher writes it. */
export interface ServiceSpec {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly TaskTemplate: TaskTemplate;
  readonly Mode: { readonly Replicated: { readonly Replicas: number } };
  readonly UpdateConfig: UpdateConfig;
  readonly RollbackConfig: UpdateConfig;
  readonly EndpointSpec: { readonly Ports: readonly PortConfig[] };
}

/** What each replica is. */
export interface TaskTemplate {
  readonly ContainerSpec: ReplicaSpec;
  readonly Resources: {
    readonly Limits: Amounts & { readonly Pids?: number };
    readonly Reservations: Amounts & { readonly GenericResources?: readonly GenericResource[] };
  };
  readonly RestartPolicy: { readonly Condition: 'any'; readonly Delay: number };
  readonly Placement: {
    readonly Constraints: readonly string[];
    readonly Preferences: readonly { readonly Spread: { readonly SpreadDescriptor: string } }[];
  };
  readonly Networks: readonly { readonly Target: string }[];
  readonly LogDriver: { readonly Name: string; readonly Options: Readonly<Record<string, string>> };
}

/** CPUs and memory of a replica. */
export interface Amounts {
  readonly NanoCPUs?: number;
  readonly MemoryBytes?: number;
}

/** A number of things that nodes declare, such as GPUs. */
export interface GenericResource {
  readonly DiscreteResourceSpec: { readonly Kind: string; readonly Value: number };
}

/** The container of each replica (`ContainerSpec` of the Engine API). */
export interface ReplicaSpec {
  readonly Image: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Args?: readonly string[];
  readonly Env: readonly string[];
  readonly User?: string;
  readonly Groups?: readonly string[];
  readonly Init: boolean;
  readonly ReadOnly: boolean;
  readonly CapabilityDrop: readonly string[];
  readonly CapabilityAdd?: readonly string[];
  readonly Privileges: object;
  readonly Mounts: readonly ServiceMount[];
  /** Its test is the image's own. Nanoseconds. */
  readonly Healthcheck: { readonly Interval: number; readonly Retries: number };
  /** Nanoseconds from SIGTERM to SIGKILL. */
  readonly StopGracePeriod: number;
  readonly Secrets: readonly SecretReference[];
  readonly Configs: readonly ConfigReference[];
}

/** A mount of each replica. */
export interface ServiceMount {
  readonly Type: 'bind' | 'volume' | 'tmpfs';
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly TmpfsOptions?: { readonly SizeBytes?: number };
}

/** Where a replica sees a secret or config, and who may read it there. */
interface FileTarget {
  readonly Name: string;
  readonly UID: string;
  readonly GID: string;
  readonly Mode: number;
}

/** The engine wants its id too, which is known once it is there. */
export interface SecretReference {
  readonly SecretName: string;
  readonly SecretID?: string;
  readonly File: FileTarget;
}

/** A config of the Swarm as a file of each replica. */
export interface ConfigReference {
  readonly ConfigName: string;
  readonly ConfigID?: string;
  readonly File: FileTarget;
}

/** Times in nanoseconds. */
export interface UpdateConfig {
  readonly Parallelism: number;
  readonly FailureAction: 'rollback' | 'pause';
  readonly Monitor: number;
  readonly Order: 'start-first' | 'stop-first';
}

/** A port that the service publishes. */
export interface PortConfig {
  readonly Protocol: string;
  readonly TargetPort: number;
  /** Left out: each node chooses one. */
  readonly PublishedPort?: number;
  readonly PublishMode: 'ingress' | 'host';
}
