import type { GpuPath } from './gpu/gpu-path.js';
import type { ContainerVariant } from '../labels.js';
import type { Refusal } from './refusal.js';
import type { Variant } from '../request/request.js';

/** Where the image comes from. */
export interface ImageChoice {
  readonly ref: string;
  readonly source: 'present' | 'build' | 'pull';
  /** What the Dockerfile is built with, where that is not its default. */
  readonly buildArgs?: Readonly<Record<string, string>>;
}

/** A server in a container. */
export interface ContainerPlan {
  readonly kind: 'container';
  readonly variant: ContainerVariant;
  readonly image: ImageChoice;
  readonly gpu?: GpuPath;
  /** The server refuses to be ready without the GPU. */
  readonly requiresGpu: boolean;
}

/** A server as a process of this machine. */
export interface NativePlan {
  readonly kind: 'native';
  readonly variant: 'native';
  readonly requiresGpu: boolean;
}

/** How the server is to run. */
export type Plan = ContainerPlan | NativePlan;

/** One variant that was weighed, with what speaks for it or against it. */
export type Option =
  | {
      readonly variant: Variant;
      readonly isPossible: true;
      readonly plan: Plan;
      readonly because: string;
      readonly notes: readonly string[];
    }
  | { readonly variant: Variant; readonly isPossible: false; readonly refusal: Refusal };

/** What the facts and the request come to. */
export type Decision =
  | {
      readonly kind: 'chosen';
      readonly plan: Plan;
      readonly because: string;
      /** The one line that a fallback owes: what would have been better and why it cannot be had. */
      readonly fallback?: string;
      readonly notes: readonly string[];
      readonly options: readonly Option[];
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly options: readonly Option[] };
