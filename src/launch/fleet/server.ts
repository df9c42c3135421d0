import type { ExecOptions, LogsQuery } from '../docker/gateway.js';
import type { ExecAttachment, OutputChunk, PublishedPort, StatsSample } from '../docker/types.js';
import { readServing } from '../session/readiness.js';

/** What a server's entry in a list tells, the same for containers, services of a Swarm and native servers. */
export interface ServerFacts {
  readonly kind: 'container' | 'service' | 'native';
  readonly name: string;
  /** The container's id, or the process's number. */
  readonly id: string;
  readonly variant: string;
  /** Where it computes, as it says itself (`isMeasured`), else what it was started with: `gpu (cdi)`, `cpu`; `?` for containers of others. */
  readonly device: string;
  readonly isMeasured: boolean;
  readonly state: string;
  readonly health?: string | undefined;
  readonly image?: string | undefined;
  readonly ports: readonly PublishedPort[];
  readonly createdAtMs: number;
  /** Undefined where it does not run, and in a list entry of a container: the engine is asked by `measure`. */
  readonly upSinceMs?: number | undefined;
  readonly exitCode?: number | undefined;
  /** Asked only of a container that was killed. */
  readonly isOutOfMemory?: boolean | undefined;
  readonly restarts?: number | undefined;
  /** Of a container's writable layer, where the list was asked for sizes. */
  readonly sizeBytes?: number | undefined;
  /** Of a Swarm's service. */
  readonly replicas?: readonly ReplicaFacts[];
}

/** One of a service's replicas, on whichever node. */
export interface ReplicaFacts {
  readonly name: string;
  readonly node: string;
  readonly state: string;
  readonly sinceMs: number;
  /** Of its node, where the service publishes them there. */
  readonly ports: readonly PublishedPort[];
}

/** What a server wrote; of a service, with the replica that did. */
export type ReplicaOutput = OutputChunk & { readonly replica?: string };

/** Everything about one server. */
export interface ServerDetails extends ServerFacts {
  /** What its id is: `id` or `process`. */
  readonly idName: string;
  readonly error?: string | undefined;
  readonly addresses?: string | undefined;
  readonly lastCheck?: string | undefined;
  readonly commandLine: string;
  /** The engine's own answer, or the record of a native server. */
  readonly raw: unknown;
}

/** How long a server may drain before it is killed; undefined: the engine's own ten seconds. */
export interface Grace {
  readonly graceSeconds?: number | undefined;
}

/** One server, a container, a service of a Swarm or a process of this machine, as every command sees it. */
export interface Server {
  readonly name: string;
  readonly facts: ServerFacts;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether the launcher started it. */
  readonly isOwn: boolean;
  readonly isUp: boolean;
  /** Whether a text is the beginning of its id. */
  hasId(beginning: string): boolean;
  /** Where it is reached from here, with its base path; undefined where it is not. */
  url(): Promise<string | undefined>;
  /** Its facts with what only itself or the engine tells: since when it runs, where it computes, why it was killed. */
  measure(): Promise<ServerFacts>;
  inspect(): Promise<ServerDetails>;
  start(): Promise<void>;
  /** Drains, and kills after the grace. */
  stop(grace?: Grace): Promise<void>;
  restart(grace?: Grace): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
  remove(options?: { readonly force?: boolean; readonly volumes?: boolean }): Promise<void>;
  logs(query: LogsQuery): AsyncIterable<ReplicaOutput>;
  /** What it consumes; what this kind of server does not tell is left out. */
  sample(): Promise<Partial<StatsSample>>;
  /** Another process inside it. Throws USAGE where there is no inside. */
  exec(options: ExecOptions): Promise<ExecAttachment>;
}

const upStates: readonly string[] = ['running', 'paused', 'restarting', 'starting', 'stopping'];

/** Whether a state in the words of an engine or of the native runner means that a server has not ended. */
export function isUpState(state: string): boolean {
  return upStates.includes(state);
}

const askMs = 1500;

/** Where a running server says that its models compute; nothing where it does not say within a second and a half. */
export async function askDevices(
  url: string | undefined,
): Promise<Partial<Pick<ServerFacts, 'device' | 'isMeasured'>>> {
  if (url === undefined) return {};
  const { devices } = await readServing(url, AbortSignal.timeout(askMs));
  return devices.length === 0 ? {} : { device: devices.join(', '), isMeasured: true };
}
