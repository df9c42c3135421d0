import type { DockerEndpoint } from '../docker/address/endpoint.js';
import type { Fact, Facts } from '../facts/facts.js';
import type { NvidiaSignal } from '../decide/gpu/nvidia-signal.js';

/** `skip`: the question does not arise here, or what it needs is missing. */
export type CheckStatus = 'ok' | 'warn' | 'fail' | 'skip';

/** What a check of `launch doctor` found, with cause and fix where it failed. */
export interface CheckResult {
  readonly name: string;
  readonly status: CheckStatus;
  readonly evidence: string;
  readonly cause?: string;
  /** One line to type or do. */
  readonly fix?: string;
}

/** How a container with the GPU fared. */
export type GpuTrial =
  | { readonly kind: 'not-tried'; readonly reason: string }
  | { readonly kind: 'worked'; readonly way: string; readonly output: string }
  | { readonly kind: 'failed'; readonly way: string; readonly text: string };

/** Everything that the checks look at, gathered before. */
export interface Examination {
  readonly facts: Facts;
  readonly signal: NvidiaSignal;
  readonly endpoint: DockerEndpoint;
  /** What doctor was asked to judge for: a GPU that is missing is a failure only where one is wanted. */
  readonly wantsGpu: boolean;
  readonly nodeVersion: string;
  /** `docker --version`; empty where there is no docker client. */
  readonly dockerClient: Fact<string>;
  readonly socket: Fact<'missing' | 'forbidden' | 'usable'>;
  readonly port: Fact<{ readonly port: number; readonly holder?: string }>;
  readonly freeBytes: Fact<number>;
  readonly trial: GpuTrial;
}
