import type { ContainerSpec } from '../container/spec-types.js';
import type { ClusterFile } from './cluster-files.js';

/** What a cluster is to run: the container as `up` would create it, and what only a cluster has. */
export interface Deployed {
  readonly spec: ContainerSpec;
  readonly cluster: ClusterOptions;
  readonly labels: Readonly<Record<string, string>>;
  /** GPUs of each replica. */
  readonly gpus: number;
  /** Ports of a replica that callers reach: the server's own first. */
  readonly ports: readonly DeployedPort[];
  readonly pull: 'missing' | 'always' | 'never';
  /** Where all replicas are to stand, such as `arm64`. */
  readonly architecture?: string;
}

/** A port of the server, and how it is reached. */
export interface DeployedPort {
  readonly published: number;
  readonly container: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Whether -p names the port outside; else it is as good as another. */
  readonly isFixed: boolean;
}

/** Flags of the exports to clusters, read. */
export interface ClusterOptions {
  readonly name: string;
  readonly namespace?: string;
  readonly replicas: number;
  /** More than `replicas`: the number follows the load. */
  readonly maxReplicas?: number;
  readonly scaler: 'hpa' | 'keda';
  /** Seconds of queued work of one replica, in milliseconds, that the scaler aims at. */
  readonly queueTargetMs: number;
  /** Prometheus that KEDA queries. */
  readonly prometheusUrl: string;
  /** The name under which the cluster hands out GPUs. */
  readonly gpuResource: string;
  readonly modelImage?: ModelImage | undefined;
  /** `s3://`, `hf://`, `https://` and the like, which KServe downloads. */
  readonly storageUri?: string;
  /** Secret with a file `api-keys`. */
  readonly keysSecret?: string;
  /** Secrets for the image's registry. */
  readonly pullSecrets: readonly string[];
  readonly hasMonitor: boolean;
  /** Namespaces that may call besides the server's own; empty: all. */
  readonly allowedNamespaces: readonly string[];
  /** Where a Swarm publishes ports: on every node, or on those with a replica. */
  readonly publishMode: 'ingress' | 'host';
  /** How long a Swarm watches a new replica before it counts as a good one. */
  readonly monitorMs: number;
  /** Replicas that a Swarm replaces at a time; undefined: a tenth of them, at least one. */
  readonly parallelism?: number;
  /** Files that a Swarm gives to replicas. */
  readonly files: readonly ClusterFile[];
}

/** Models out of an OCI image: mounted as a volume, or copied by the image's own `cp` before the server starts. */
export interface ModelImage {
  readonly reference: string;
  readonly by: 'volume' | 'copy';
}

/** Whether the number of replicas follows the load. */
export function isScaled({ replicas, maxReplicas = 0 }: ClusterOptions): boolean {
  return maxReplicas > replicas;
}
