import type { SwarmService, SwarmTask } from '../docker/swarm-types.js';

/** How far a Swarm has come with what a service is to be. */
export type Progress =
  /** Every replica that is to run does, is healthy and is of the newest version. */
  | { readonly kind: 'settled'; readonly text: string }
  /** A change was taken back, or the taking back itself stopped. */
  | { readonly kind: 'taken-back' | 'paused'; readonly text: string; readonly failed: SwarmTask | undefined }
  | { readonly kind: 'going'; readonly text: string; readonly failed: SwarmTask | undefined };

const failedStates = ['failed', 'rejected'];

/** Judges a service by its tasks. `sinceMs`: only failures after it count, those before were another version's. Pure. */
export function judgeProgress(service: SwarmService, tasks: readonly SwarmTask[], sinceMs: number): Progress {
  const failed = newestFailure(tasks, sinceMs);
  const { state, message } = service.update;
  const counts = countReplicas(service, tasks);
  const text = describeReplicas(service, tasks);
  if (state === 'paused' || state === 'rollback_paused') return { kind: 'paused', text: `${text}: ${message}`, failed };
  const isChanging = state === 'updating' || state === 'rollback_started';
  const isThere = counts.current === service.replicas && counts.former + counts.waiting + counts.draining === 0;
  if (isChanging || !isThere) return { kind: 'going', text, failed };
  return state === 'rollback_completed' ? { kind: 'taken-back', text, failed } : { kind: 'settled', text };
}

/** `2 of 3 replicas run, 1 of the former version, updating`; what a replica waits for is told too. */
export function describeReplicas(service: SwarmService, tasks: readonly SwarmTask[]): string {
  const { current, former, draining } = countReplicas(service, tasks);
  const waiting = tasks.find(({ error, state }) => error !== '' && state === 'pending');
  const change = {
    none: [],
    completed: [],
    updating: ['updating'],
    paused: ['its update is paused'],
    rollback_started: ['going back'],
    rollback_paused: ['its rollback is paused'],
    rollback_completed: ['the last change was undone'],
  }[service.update.state];
  return [
    `${current} of ${service.replicas} replicas run`,
    ...(former === 0 ? [] : [`${former} of another version`]),
    ...(draining === 0 ? [] : [`${draining} drain`]),
    ...(waiting === undefined ? [] : [`${nameOf(service.name, waiting)} waits: ${waiting.error}`]),
    ...change,
  ].join(', ');
}

interface Counts {
  /** Run, are healthy and of the newest version. */
  readonly current: number;
  readonly former: number;
  /** Are to run and do not yet. */
  readonly waiting: number;
  readonly draining: number;
}

function countReplicas({ replicaVersion }: SwarmService, tasks: readonly SwarmTask[]): Counts {
  const wanted = tasks.filter(isWanted);
  const running = wanted.filter(({ state }) => state === 'running');
  const current = running.filter((task) => task.replicaVersion === replicaVersion).length;
  return {
    current,
    former: running.length - current,
    waiting: wanted.length - running.length,
    draining: tasks.filter(isDraining).length,
  };
}

/** Whether a Swarm wants a replica to run. */
export function isWanted({ desiredState }: SwarmTask): boolean {
  return desiredState === 'running' || desiredState === 'ready';
}

/** Whether a replica is to end and has not yet. */
export function isDraining(task: SwarmTask): boolean {
  return !isWanted(task) && task.state === 'running';
}

/** The last replica that ended by itself, or could not start. */
function newestFailure(tasks: readonly SwarmTask[], sinceMs: number): SwarmTask | undefined {
  return tasks
    .filter(({ state, createdAtMs }) => failedStates.includes(state) && createdAtMs >= sinceMs)
    .sort((one, other) => other.createdAtMs - one.createdAtMs)[0];
}

/** What a replica is called: `slipway.1`. */
export function nameOf(serviceName: string, { slot }: Pick<SwarmTask, 'slot'>): string {
  return `${serviceName}.${slot}`;
}

/** What became of a replica, in words. */
export function describeFailure({ state, error, exitCode }: SwarmTask): string {
  const code = exitCode === undefined || exitCode === 0 ? '' : ` with exit code ${exitCode}`;
  const why = error.replace(/^task: non-zero exit \(\d+\):?\s*/, '');
  const text = state === 'rejected' ? 'could not start' : `ended${code}`;
  return why === '' ? text : `${text} (${why})`;
}
