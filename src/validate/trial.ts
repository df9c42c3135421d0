import type { NamedTensors } from '../tensor/tensor.js';
import type { Placement } from '../engine/engine.js';

/** A run to make: its inputs under a name for people. */
export interface TrialRun {
  readonly label: string;
  readonly feeds: NamedTensors;
}

/** What one provider's process is told, and reads from a file. */
export interface TrialOrder {
  readonly modelPath: string;
  readonly widened: readonly string[];
  readonly outputs: readonly string[];
  readonly runs: readonly TrialRun[];
}

/** What came of a run. */
export type Outcome = { readonly outputs: NamedTensors } | { readonly problem: string };

/** What one provider's process found, and writes into a file. */
export interface TrialResult {
  readonly placement: Placement;
  readonly loadMs: number;
  readonly outcomes: readonly Outcome[];
}
