import type { ErrorCode } from '../errors.js';
import type { ServableModel } from './types.js';

/** What happened to a model, for logs and counts. Times are milliseconds. */
export type ModelEvent =
  | {
      /** `load`: the first of its version; `reload`: in place of one that served; `repair`: after a failure. */
      readonly kind: 'load' | 'reload' | 'repair';
      readonly model: string;
      readonly version: string;
      readonly ms: number;
      readonly servable: ServableModel;
    }
  | {
      readonly kind: 'failure';
      readonly model: string;
      /** Absent where the whole model is meant: no version was found. */
      readonly version?: string;
      readonly ms: number;
      readonly code: ErrorCode;
      readonly reason: string;
      /** An earlier load keeps serving. */
      readonly isServing: boolean;
      /** The same failure was told before: what is tried again and again is said once. */
      readonly isRepeated: boolean;
    }
  /** Its folder can be read again, and what served all the while is what lies there. */
  | { readonly kind: 'recovery'; readonly model: string }
  /** What was unloaded or replaced still runs; it is not waited for any longer. */
  | { readonly kind: 'unfinished'; readonly model: string; readonly version: string; readonly waitedMs: number }
  | { readonly kind: 'unload'; readonly model: string; readonly version: string; readonly reason: string };

/** Gets what happens to models. */
export type OnModelEvent = (event: ModelEvent) => void;
