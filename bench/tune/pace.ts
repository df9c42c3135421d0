/** How long the tuner looks, in milliseconds; at slow models for longer. */
export interface TunePace {
  /** Load before the first candidate, so that the server's code is compiled. */
  readonly settleMs: number;
  /** Windows of the rungs, under each load. */
  readonly windowsMs: readonly number[];
  /** Windows of the comparison of the best candidate with the settings before. */
  readonly finalMs: number;
  /** No candidate of a model is begun later; what was tried by then decides. */
  readonly limitMs: number;
}

/** For a first impression. */
export const quickPace: TunePace = { settleMs: 1000, windowsMs: [60, 150], finalMs: 300, limitMs: 40_000 };
/** For settings that are to be kept. */
export const defaultPace: TunePace = { settleMs: 3000, windowsMs: [100, 250, 600], finalMs: 500, limitMs: 180_000 };
