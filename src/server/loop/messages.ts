import type { ErrorCode, ErrorDetails } from '../../errors.js';
import type { HealthReason, ServerHealth } from '../../protocol/server-health.js';
import type { LoadOverrides } from '../../repository/types.js';
import type { LoopPorts, Share } from './divide.js';

/** A change of what is served, which every loop makes. */
export type ModelChange =
  | { readonly action: 'load'; readonly model: string; readonly overrides: LoadOverrides }
  | { readonly action: 'unload'; readonly model: string };

/** What a process answers that made a change: whether it served the model before. */
export interface Changed {
  readonly wasReady: boolean;
}

/** What one loop asks of all. */
export type Question =
  | { readonly what: 'metrics' }
  | { readonly what: 'statistics'; readonly name?: string | undefined; readonly version?: string | undefined }
  | { readonly what: 'change'; readonly change: ModelChange };

/** What came of it. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails };

/** What a loop says when it has started: lines for people, or facts for the log. */
export type Announcement = string | Readonly<Record<string, unknown>>;

/** Loop to parent. */
export type FromLoop =
  | { readonly kind: 'health'; readonly health: ServerHealth }
  | { readonly kind: 'serving' | 'pulse' }
  | { readonly kind: 'started'; readonly announcement: Announcement }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'answer'; readonly id: number; readonly outcome: Outcome }
  /** What `followSupervisor` tells. */
  | { readonly kind?: undefined; readonly exitCode?: number };

/** Parent to loop. */
export type ToLoop =
  /** Its models are as those of the others: it may listen. */
  | { readonly kind: 'begin' }
  /** Why the others do not make the whole ready; nothing: they do. */
  | { readonly kind: 'others'; readonly reasons: readonly HealthReason[] }
  | { readonly kind: 'question'; readonly id: number; readonly question: Question }
  | { readonly kind: 'told'; readonly id: number; readonly outcome: Outcome };

/** What a loop starts with, in SLIPWAY_LOOP. */
export interface LoopStart extends Share {
  readonly parent: number;
  /** Whether it listens when it is told to, since others serve. */
  readonly waits: boolean;
  readonly ports: LoopPorts;
}
