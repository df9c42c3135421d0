import type { Writable } from 'node:stream';

/** `GET /version` and `GET /info`, mapped once. A field is undefined where this engine does not tell (older API). */
export interface EngineInfo {
  readonly kind: 'docker' | 'desktop' | 'podman';
  readonly version: string;
  readonly apiVersion: string;
  readonly minApiVersion: string;
  /** The engine's host, not ours: `linux` or `windows`, its distribution, its architecture as `amd64`, `arm64`. */
  readonly osType: string;
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly kernel: string;
  readonly hostname: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly rootless: boolean;
  readonly runtimes: readonly string[];
  readonly defaultRuntime: string;
  /** Qualified CDI names such as `nvidia.com/gpu=0`; only API >= 1.50 tells. */
  readonly cdiDevices?: readonly string[] | undefined;
  /** Only API >= 1.44 tells; empty: CDI is off. */
  readonly cdiSpecDirs?: readonly string[] | undefined;
  readonly cgroupDriver: string;
  readonly cgroupVersion: string;
  readonly storageDriver: string;
  readonly dataRoot: string;
  readonly securityOptions: readonly string[];
  /** Name under which credentials of the default registry are stored. */
  readonly indexServer?: string | undefined;
  readonly warnings: readonly string[];
}

/** A port of a container, and where the host publishes it. */
export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: string;
  /** Undefined: exposed, not published. */
  readonly hostPort?: number | undefined;
  readonly hostIp?: string | undefined;
}

/** The engine's word for what a container does. */
export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
/** What a container's health check says. */
export type Health = 'starting' | 'healthy' | 'unhealthy';

/** A row of the container list. */
export interface ContainerSummary {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly command: string;
  readonly createdAtMs: number;
  readonly state: ContainerStatus;
  /** The engine's words: `Up 3 minutes (healthy)`. */
  readonly status: string;
  readonly health?: Health | undefined;
  readonly ports: readonly PublishedPort[];
  readonly labels: Readonly<Record<string, string>>;
  readonly networks: readonly string[];
  /** Bytes of the writable layer; only when sizes were asked for. */
  readonly sizeBytes?: number | undefined;
}

/** Whether a container runs, and how it ended. */
export interface ContainerState {
  readonly status: ContainerStatus;
  readonly exitCode: number;
  readonly error: string;
  readonly oomKilled: boolean;
  readonly pid: number;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly health?: Health | undefined;
  /** Output of the last health checks, oldest first. */
  readonly healthLog: readonly { readonly exitCode: number; readonly output: string }[];
}

/** A network that a container is connected to, with its addresses. */
export interface ContainerNetwork {
  readonly name: string;
  readonly ip: string;
  readonly gateway: string;
}

/** One container in full. */
export interface ContainerDetails {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly createdAt: string;
  readonly state: ContainerState;
  readonly restartCount: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  /** Arguments after the entry point. */
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly networkMode: string;
  readonly networks: readonly ContainerNetwork[];
  readonly ports: readonly PublishedPort[];
  /** The engine's own answer, for `inspect`. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Bytes that a process wrote. With a TTY everything is `stdout`. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

/** Size of a terminal in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** A live connection to a process in a container. `input.end()` closes its stdin. */
export interface Attachment {
  readonly output: AsyncIterable<OutputChunk>;
  readonly input: Writable;
  /** Only once the process has started. */
  resize(size: TerminalSize): Promise<void>;
  close(): void;
}

/** An attachment to an extra process; its exit code is known when the output has ended. */
export interface ExecAttachment extends Attachment {
  exitCode(): Promise<number>;
}

/** One reading of a container's consumption. */
export interface StatsSample {
  /** Share of one CPU in percent: two busy CPUs are 200. */
  readonly cpuPercent: number;
  /** Without the page cache, as `docker stats` counts. */
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly pids: number;
}

/** An image in a list of images. */
export interface ImageSummary {
  readonly id: string;
  /** `repository:tag`, empty for a dangling image. */
  readonly tags: readonly string[];
  readonly createdAtMs: number;
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Containers that use it; undefined where the engine does not count. */
  readonly containers?: number | undefined;
}

/** Everything that `inspect` says of an image. */
export interface ImageDetails {
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly createdAt: string;
  readonly sizeBytes: number;
  readonly os: string;
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly exposedPorts: readonly string[];
  readonly hasHealthcheck: boolean;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** A layer in an image's history. */
export interface ImageLayer {
  readonly id: string;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly sizeBytes: number;
  readonly comment: string;
}

/** Progress of a pull, push or classic build: a layer's transfer, or a line of text. */
export interface ImageProgress {
  readonly layer?: string | undefined;
  readonly text: string;
  readonly currentBytes?: number | undefined;
  readonly totalBytes?: number | undefined;
}

/** A network in a list of networks. */
export interface NetworkSummary {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly scope: string;
  readonly internal: boolean;
  readonly subnets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** A volume in a list of volumes. */
export interface VolumeSummary {
  readonly name: string;
  readonly driver: string;
  readonly mountpoint: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something that the engine reports as it happens. */
export interface EngineEvent {
  readonly timeMs: number;
  readonly type: string;
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a kind of object holds on disk, and how much of it nothing uses. */
export interface DiskUsage {
  readonly imagesBytes: number;
  readonly containersBytes: number;
  readonly volumesBytes: number;
  readonly buildCacheBytes: number;
  readonly reclaimableBuildCacheBytes: number;
}
