import type { ProviderRequest } from '../../model/config.js';
import type { StreamSetting } from './streams.js';

/** Who may change the set of loaded models while the server runs. */
export type ModelControl = 'explicit' | 'poll' | 'none';
/** `all`: every model that is to be served is ready. `some`: the start is over and one of them serves. */
export type ReadyWhen = 'all' | 'some';
/** From which level on lines are written. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** What one client may ask of the server. 0 switches a timeout or a count off. */
export interface Limits {
  /** Largest request body, compressed or not; exactly this many bytes pass. */
  readonly bodyBytes: number;
  /** What all requests may hold together; `auto`: a quarter of the container's memory, or of the machine's. */
  readonly requestMemory: number | 'auto';
  /** Most pixels of one image. */
  readonly pixels: number;
  /** Most bytes of all headers of a request together. */
  readonly headerBytes: number;
  /** Most open connections. */
  readonly connections: number;
  /** Longest time for a request to arrive whole, headers and body; and for more of an answer to be taken by its client. */
  readonly requestTimeoutMs: number;
  /** Longest time for a request's headers to arrive. */
  readonly headersTimeoutMs: number;
  /** How long an idle connection is kept; above the 60 s after which pooled clients and proxies let go. */
  readonly keepAliveMs: number;
}

/** How the log is written. */
export interface LogSettings {
  readonly level: LogLevel;
  /** `auto`: lines for people on a terminal, else JSON. */
  readonly format: 'auto' | 'json' | 'text';
  /** One line for every request; off: for failures only. */
  readonly access: boolean;
}

/** Who may ask. */
export interface AuthSettings {
  /** Keys as given; empty: everyone may ask. */
  readonly keys: readonly string[];
  /** A file with one key per line (`access/keys.ts`), read again when it changes. */
  readonly keysFile?: string;
  /** Whether /metrics asks for no key. */
  readonly openMetrics: boolean;
  /** Requests a second with one key; Infinity: no limit. */
  readonly ratePerSecond: number;
}

/** Which names and pages may reach the server beside its own. */
export interface PageSettings {
  /** Names for `Host`: `models.example.com`, `*.example.com`, `*`. */
  readonly allowedHosts: readonly string[];
  /** Origins of pages: `https://app.example.com`, `*`. */
  readonly allowedOrigins: readonly string[];
}

/** Files in PEM form. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Authorities that sign the certificates of clients; undefined: none is asked for. */
  readonly clientCa?: string;
}

/** Who may load and unload models beside admin keys. */
export interface ManagementSettings {
  /** Everyone, where no keys are asked for. */
  readonly isOpen: boolean;
  /** A port of its own, and then that one alone. */
  readonly port?: number;
}

/** How long each part of stopping may take. */
export interface StopSettings {
  /** From "ready is 503" to "no new connections": time for a balancer to notice. */
  readonly delayMs: number;
  /** Longest time for running and queued requests; then the process ends itself with SIGKILL. */
  readonly timeoutMs: number;
}

/** Everything a user can set, with defaults filled in. Paths are as typed. */
export interface Settings {
  /** Undefined: the bundled models. */
  readonly models?: string;
  /** Name of the one model that `models` is. */
  readonly modelName?: string;
  readonly host: string;
  readonly port: number;
  /** A port of its own for /metrics; undefined: the server's. */
  readonly metricsPort?: number;
  /** A port for health and metrics whose answers do not wait for the HTTP thread; undefined: none. */
  readonly healthPort?: number;
  /** A port for gRPC; undefined: none. */
  readonly grpcPort?: number;
  /** Processes with an HTTP event loop each, on the same ports; `auto`: by the CPUs. */
  readonly httpLoops: number | 'auto';
  /** What every path starts with, `''` or `/prefix`. */
  readonly basePath: string;
  readonly serverName: string;
  readonly executionProvider: ProviderRequest;
  readonly requireGpu: boolean;
  readonly workers: number | 'auto';
  readonly intraOpThreads: number | 'auto';
  /** Undefined: a folder of this user below the system's cache folder. */
  readonly cacheDir?: string;
  readonly modelControl: ModelControl;
  readonly readyWhen: ReadyWhen;
  readonly pollIntervalMs: number;
  /** Folders outside the repository into which its links are followed. */
  readonly allowLinksTo: readonly string[];
  /** A run that takes longer ends the process, for its supervisor to restart; 0: never. */
  readonly watchdogMs: number;
  /** Whether runs that cost less than handing them to a worker run on the HTTP thread. */
  readonly inlineRuns: boolean;
  /** Whether lone runs may take the threads of all workers. */
  readonly wideRuns: boolean;
  /** Whether a GPU may round the factors of FP32 products to TF32. */
  readonly tf32: boolean;
  /** Whether what is known of models that the process ended with before is thrown away. */
  readonly forgetCrashes: boolean;
  /** Answers of at least this many bytes are compressed for clients that accept it; -1: never. */
  readonly compressFromBytes: number;
  /** Sources that are shown through a model; none: /stream is off. */
  readonly streams: readonly StreamSetting[];
  readonly limits: Limits;
  readonly log: LogSettings;
  readonly auth: AuthSettings;
  readonly pages: PageSettings;
  readonly management: ManagementSettings;
  /** Undefined: plain HTTP. */
  readonly tls?: TlsFiles;
  readonly stop: StopSettings;
}
