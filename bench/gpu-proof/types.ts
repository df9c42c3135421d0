import type { ProviderName } from '../../src/model/config.js';

/** The kinds of steps, what decides first. */
export const stepKinds = ['provider', 'placement', 'parity', 'cold start', 'speed', 'buckets', 'two workers'] as const;
/** What a step of the proof examines. */
export type StepKind = (typeof stepKinds)[number];

/** One question to the GPU, answered in a process of its own. */
export interface Step {
  readonly name: string;
  readonly kind: StepKind;
  readonly provider: ProviderName;
  /** Absent for the provider itself. */
  readonly modelPath?: string;
  /** Rows of each request that is made. */
  readonly batches: readonly number[];
  /** Elements of a variable dimension other than the first. */
  readonly variable: number;
  readonly windowMs: number;
}

/** A figure or a fact by its name, with its unit in the name. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

/** What a step came to; broken: it could not be carried out. */
export type StepOutcome =
  | { readonly state: 'passed' | 'failed'; readonly rows: readonly Facts[]; readonly reason?: string }
  | { readonly state: 'broken'; readonly reason: string };

/** A step of the proof in its report. */
export interface StepReport {
  readonly step: string;
  readonly kind: Step['kind'];
  readonly provider: ProviderName;
  readonly seconds: number;
  readonly outcome: StepOutcome;
}

/** What `--gpu-proof` writes, anew after every step. */
export interface ProofReport {
  readonly format: 'slipway-gpu-proof/1';
  readonly startedAt: string;
  readonly provider: ProviderName;
  readonly isComplete: boolean;
  readonly tolerances: string;
  /** Whether factors of FP32 products might be rounded to TF32. */
  readonly isTf32Allowed: boolean;
  readonly environment: unknown;
  readonly steps: readonly StepReport[];
}
