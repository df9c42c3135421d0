import type { OutputChunk } from './types.js';
import type { Json } from '../../store/json.js';

/** What an engine is to a Swarm: `manager` alone can be asked about services. */
export interface SwarmState {
  readonly role: 'none' | 'worker' | 'manager' | 'locked' | 'unsettled';
  /** Where managers answer: `10.0.0.5:2377`. */
  readonly managers: readonly string[];
  /** Of this engine's own node. */
  readonly nodeId: string;
  readonly nodeCount: number;
}

/** Machines of a Swarm. */
export interface SwarmNode {
  readonly id: string;
  readonly hostname: string;
  readonly address: string;
  /** Whether it is reached and takes replicas. */
  readonly isAvailable: boolean;
  /** Generic resources by kind: how many of each it offers. */
  readonly genericResources: Readonly<Record<string, number>>;
}

/** How far the update of a service has come. */
export type UpdateState =
  'none' | 'updating' | 'paused' | 'completed' | 'rollback_started' | 'rollback_paused' | 'rollback_completed';

/** A service of a Swarm. */
export interface SwarmService {
  readonly id: string;
  readonly name: string;
  /** What an update has to name: the one that it changes. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly replicas: number;
  /** Of what its replicas are to be: those of this version have the same. */
  readonly replicaVersion: string;
  readonly ports: readonly ServicePort[];
  readonly update: { readonly state: UpdateState; readonly message: string };
  /** The engine's own form, to be sent back changed. */
  readonly spec: Json;
  /** Undefined where nothing was changed yet, or the last change was undone. */
  readonly previousSpec?: Json;
  readonly previousReplicas?: number;
  readonly previousReplicaVersion?: string;
  readonly raw: Json;
}

/** A port that a service publishes. */
export interface ServicePort {
  readonly target: number;
  /** Undefined: each node chooses one. */
  readonly published?: number;
  readonly protocol: string;
  readonly mode: 'ingress' | 'host';
}

/** One start of a replica. */
export interface SwarmTask {
  readonly id: string;
  readonly serviceId: string;
  readonly replicaVersion: string;
  /** Which of the replicas it is, from 1 on. */
  readonly slot: number;
  readonly nodeId: string;
  /** Swarm's words: `pending`, `preparing`, `starting`, `running`, `failed`, `rejected`, `shutdown`, ... */
  readonly state: string;
  readonly desiredState: string;
  readonly error: string;
  readonly exitCode?: number;
  readonly createdAtMs: number;
  /** Since when it is in this state. */
  readonly sinceMs: number;
  /** Ports of its node, where the service publishes them there. */
  readonly ports: readonly ServicePort[];
}

/** Small files that a Swarm gives to replicas: secrets, which only they can read back, and configs. */
export type SwarmFileKind = 'secrets' | 'configs';

/** A config or secret of a Swarm. */
export interface SwarmFile {
  readonly id: string;
  readonly name: string;
}

/** What a replica wrote; `taskId` is empty where the engine does not say which. */
export type ReplicaChunk = OutputChunk & { readonly taskId: string };
