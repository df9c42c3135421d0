/** How long restarts wait: each twice as long as the one before. */
export interface RestartDelays {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

/** When what has ended is started again. */
export interface RestartPolicy extends RestartDelays {
  /** What ran this long is taken for sound: its next end is the first again. */
  readonly soundAfterMs: number;
  /** After so many ends in a row it is not started again. */
  readonly mostInARow: number;
}

/** Of a server by the supervisor that it brings along, and of an HTTP loop by its parent. The file bin/supervisor.cjs can import nothing, and holds the same numbers. */
export const restartPolicy: RestartPolicy = {
  firstDelayMs: 100,
  longestDelayMs: 30_000,
  soundAfterMs: 60_000,
  mostInARow: 10,
};

/**
 * Of a server by `launch`. Nobody stands behind it who would start it again, so it never gives up, as a container's restart policy does not; and
 * it also starts those again that ended by an exit code, which more often will end so again, so it begins later.
 */
export const launchedRestartPolicy: RestartPolicy = {
  ...restartPolicy,
  firstDelayMs: 500,
  mostInARow: Infinity,
};

/** Of a worker by its server, which serves on meanwhile: its requests wait, so never long. How often is counted by time: src/workers/respawn.ts. */
export const workerRestartDelays: RestartDelays = { firstDelayMs: 100, longestDelayMs: 5_000 };

/** How long to wait before the restart that follows the n-th end in a row (n >= 1). */
export function restartDelayMs({ firstDelayMs, longestDelayMs }: RestartDelays, endsInARow: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** (endsInARow - 1));
}

/** The ends that nobody asked for, of one that is started again. */
export class Restarts {
  readonly #policy: RestartPolicy;
  #inARow = 0;

  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  /** How long to wait before it is started again, after it ran so long; undefined: it ended too often in a row. */
  next(ranMs: number): number | undefined {
    const { soundAfterMs, mostInARow } = this.#policy;
    this.#inARow = ranMs >= soundAfterMs ? 1 : this.#inARow + 1;
    return this.#inARow > mostInARow ? undefined : restartDelayMs(this.#policy, this.#inARow);
  }
}
