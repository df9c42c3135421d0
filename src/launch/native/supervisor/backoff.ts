/** How a server process ended. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Codes with which the server says that a restart would end the same way: usage, port, models, device. */
const finalCodes: readonly number[] = [0, 2, 3, 4, 5];

/** Whether a restart can help after this end: a crash or a kill, not a drained end and no refusal to start. */
export function deservesRestart({ exitCode, signal }: ProcessEnd): boolean {
  return signal !== null || (exitCode !== null && !finalCodes.includes(exitCode));
}

/** Connections are kept waiting for a restart this long, and refused where it takes longer: a balancer has another server then. */
const longestWaitMs = 1000;

/** Whether connections wait for a restart that is so far away. */
export function holdsConnections(delayMs: number): boolean {
  return delayMs <= longestWaitMs;
}

/** The exit code as a shell counts: 128 plus the signal's number. */
export function exitCodeOf({ exitCode, signal }: ProcessEnd, signals: Readonly<Record<string, number>>): number {
  return exitCode ?? 128 + (signals[signal ?? ''] ?? 0);
}
