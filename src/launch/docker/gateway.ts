import type { Readable } from 'node:stream';
import type { RegistryAuth } from '../../store/credentials/registry-auth.js';
import type { DockerEndpoint } from './address/endpoint.js';
import type {
  ReplicaChunk,
  SwarmFile,
  SwarmFileKind,
  SwarmNode,
  SwarmService,
  SwarmState,
  SwarmTask,
} from './swarm-types.js';
import type {
  Attachment,
  ContainerDetails,
  ContainerSummary,
  DiskUsage,
  EngineEvent,
  EngineInfo,
  ExecAttachment,
  ImageDetails,
  ImageLayer,
  ImageProgress,
  ImageSummary,
  NetworkSummary,
  OutputChunk,
  StatsSample,
  TerminalSize,
  VolumeSummary,
} from './types.js';

/** Only objects that carry every one of these labels; each `key` or `key=value`. */
export interface LabelFilter {
  readonly labels?: readonly string[] | undefined;
}

/** Ends a stream early: it then stops as if it had come to its end. */
export interface Cancelable {
  readonly signal?: AbortSignal | undefined;
}

/** Which lines of a log are read. */
export interface LogsQuery extends Cancelable {
  readonly follow?: boolean | undefined;
  /** Last lines only. */
  readonly tail?: number | undefined;
  /** Seconds since 1970, fractions allowed. */
  readonly sinceSeconds?: number | undefined;
  readonly untilSeconds?: number | undefined;
  readonly timestamps?: boolean | undefined;
}

/** How a container is created. */
export interface CreateOptions {
  readonly name?: string | undefined;
  readonly platform?: string | undefined;
  /** Hears what the engine leaves out of what was asked for: a limit that its kernel does not know. */
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** A command to run in a container. */
export interface ExecOptions {
  readonly command: readonly string[];
  readonly tty?: boolean | undefined;
  readonly stdin?: boolean | undefined;
  readonly env?: readonly string[] | undefined;
  readonly workdir?: string | undefined;
  readonly user?: string | undefined;
  readonly size?: TerminalSize | undefined;
}

/** How an image is pulled or pushed. */
export interface TransferOptions extends Cancelable {
  readonly platform?: string | undefined;
  readonly auth?: RegistryAuth | undefined;
  readonly onProgress?: (progress: ImageProgress) => void;
}

/** A build by the engine's classic builder: what the context's tar holds, and what to make of it. */
export interface ClassicBuildOptions extends Cancelable {
  /** Path of the Dockerfile inside the tar. */
  readonly dockerfile: string;
  readonly tags: readonly string[];
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly target?: string | undefined;
  readonly platform?: string | undefined;
  readonly noCache?: boolean | undefined;
  /** Credentials by registry, for base images. */
  readonly registries?: Readonly<Record<string, RegistryAuth>> | undefined;
  readonly pull?: boolean | undefined;
  readonly onProgress?: (progress: ImageProgress) => void;
}

/** The engine's containers. */
export interface ContainersApi {
  /** Running ones, or with `all` those that ended too; `sizes` makes the engine measure writable layers (slow). */
  list(
    query?: LabelFilter & { readonly all?: boolean | undefined; readonly sizes?: boolean | undefined },
  ): Promise<readonly ContainerSummary[]>;
  /** By id, id prefix or name. Throws CONTAINER_NOT_FOUND. */
  inspect(ref: string): Promise<ContainerDetails>;
  /** `body` is the Engine API's JSON of `POST /containers/create`. Answers the id. Throws IMAGE_MISSING, DOCKER_REFUSED. */
  create(body: object, options?: CreateOptions): Promise<string>;
  start(id: string, options?: Cancelable): Promise<void>;
  /** SIGTERM (or the image's STOPSIGNAL), then SIGKILL after the grace. A stopped container is left alone. */
  stop(id: string, options?: { readonly graceSeconds?: number | undefined }): Promise<void>;
  kill(id: string, signal?: string): Promise<void>;
  restart(id: string, options?: { readonly graceSeconds?: number | undefined }): Promise<void>;
  /** A running one keeps running. Throws DOCKER_REFUSED where the name is taken. */
  rename(id: string, name: string): Promise<void>;
  /** Exit code, once the condition holds; `removed` for one that removes itself. */
  wait(id: string, condition?: 'not-running' | 'next-exit' | 'removed', options?: Cancelable): Promise<number>;
  remove(
    id: string,
    options?: { readonly force?: boolean | undefined; readonly volumes?: boolean | undefined },
  ): Promise<void>;
  logs(id: string, query?: LogsQuery): AsyncIterable<OutputChunk>;
  /** Connect before `start` to miss nothing. */
  attach(id: string, options: { readonly stdin: boolean; readonly tty: boolean }): Promise<Attachment>;
  exec(id: string, options: ExecOptions): Promise<ExecAttachment>;
  /** A reading a second until the container stops or the signal fires. */
  stats(id: string, options?: Cancelable): AsyncIterable<StatsSample>;
  /** One reading; takes the engine a second or two. */
  sample(id: string): Promise<StatsSample>;
}

/** The engine's images. */
export interface ImagesApi {
  list(query?: LabelFilter & { readonly dangling?: boolean | undefined }): Promise<readonly ImageSummary[]>;
  /** Throws IMAGE_MISSING. */
  inspect(ref: string): Promise<ImageDetails>;
  history(ref: string): Promise<readonly ImageLayer[]>;
  pull(ref: string, options?: TransferOptions): Promise<void>;
  push(ref: string, options?: TransferOptions): Promise<void>;
  /** Classic builder; `context` is a tar. Answers the image's id. Throws BUILD_FAILED. */
  build(context: Readable, options: ClassicBuildOptions): Promise<string>;
  /** `target` is `repository[:tag]`. */
  tag(ref: string, target: string): Promise<void>;
  /** Untags, and deletes when no tag is left. Answers what went: `Untagged: ...`, `Deleted: ...`. */
  remove(ref: string, options?: { readonly force?: boolean | undefined }): Promise<readonly string[]>;
}

/** The engine's networks. */
export interface NetworksApi {
  list(query?: LabelFilter): Promise<readonly NetworkSummary[]>;
  /** Answers the id. Throws DOCKER_REFUSED where the name is taken. */
  create(options: {
    readonly name: string;
    readonly driver?: string | undefined;
    readonly internal?: boolean | undefined;
    /** Whether containers outside of services may join an overlay network. */
    readonly attachable?: boolean | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
  }): Promise<string>;
  remove(ref: string): Promise<void>;
}

/** The engine's volumes. */
export interface VolumesApi {
  list(query?: LabelFilter & { readonly dangling?: boolean | undefined }): Promise<readonly VolumeSummary[]>;
  create(options: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>> | undefined;
  }): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Services of a Swarm, by one of its managers. */
export interface SwarmApi {
  state(): Promise<SwarmState>;
  nodes(): Promise<readonly SwarmNode[]>;
  list(query?: { readonly labels?: readonly string[] | undefined }): Promise<readonly SwarmService[]>;
  /** By id or name; undefined where there is none. */
  find(ref: string): Promise<SwarmService | undefined>;
  /** `spec` is the Engine API's ServiceSpec. Answers the id. */
  create(spec: object, options?: ServiceCallOptions): Promise<string>;
  update(service: Pick<SwarmService, 'id' | 'version'>, spec: object, options?: ServiceCallOptions): Promise<void>;
  /** Goes back to the specification before the last change. */
  rollback(service: SwarmService): Promise<void>;
  remove(id: string): Promise<void>;
  /** Of some services or of all; those that ended included, as far as the Swarm remembers them. */
  tasks(serviceIds?: readonly string[]): Promise<readonly SwarmTask[]>;
  /** Whole lines of all replicas of a service. */
  logs(id: string, query?: LogsQuery): AsyncIterable<ReplicaChunk>;
  taskLogs(taskId: string, query?: LogsQuery): AsyncIterable<OutputChunk>;
  files(kind: SwarmFileKind, query?: { readonly labels?: readonly string[] }): Promise<readonly SwarmFile[]>;
  /** Answers the id. */
  createFile(
    kind: SwarmFileKind,
    file: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly data: Buffer },
  ): Promise<string>;
  removeFile(kind: SwarmFileKind, id: string): Promise<void>;
  /** What its registry calls an image, the same on every node; undefined where no registry tells. */
  digestOf(ref: string, options?: ServiceCallOptions): Promise<string | undefined>;
}

/** What a change of a service carries beside its specification. */
export interface ServiceCallOptions {
  /** For the image's registry; nodes pull with it. */
  readonly auth?: RegistryAuth;
}

/**
 * The container engine, in this project's own words. Every failure is an AppError that keeps the engine's text in
 * `details.engine` and its status in `details.status`; DOCKER_UNREACHABLE where no engine answers.
 */
export interface DockerGateway {
  readonly endpoint: DockerEndpoint;
  readonly containers: ContainersApi;
  readonly images: ImagesApi;
  readonly networks: NetworksApi;
  readonly volumes: VolumesApi;
  readonly swarm: SwarmApi;
  ping(options?: Cancelable): Promise<void>;
  info(): Promise<EngineInfo>;
  events(
    query?: LabelFilter &
      Cancelable & { readonly sinceSeconds?: number | undefined; readonly untilSeconds?: number | undefined },
  ): AsyncIterable<EngineEvent>;
  diskUsage(): Promise<DiskUsage>;
  /** Answers the bytes freed. */
  pruneBuildCache(): Promise<number>;
}
