import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.js';
import type { LaunchContext } from '../context.js';
import type { DockerGateway } from '../docker/gateway.js';
import type { SwarmService, SwarmTask } from '../docker/swarm-types.js';
import { judgeProgress, type Progress } from './progress.js';

/** A service that is followed until it is up or fails. */
export interface Watch {
  readonly gateway: DockerGateway;
  readonly context: LaunchContext;
  readonly serviceId: string;
  /** Longest time in which nothing happens. */
  readonly timeoutMs: number;
  /** Failures of replicas that were made before are another version's. */
  readonly sinceMs: number;
  /** Whether the first replica that fails decides. */
  readonly endsAtFailure: boolean;
  readonly signal: AbortSignal;
}

/** How the wait ended, with what the service was then. */
export interface Watched {
  readonly kind: 'settled' | 'taken-back' | 'paused' | 'failed' | 'timeout' | 'aborted';
  readonly text: string;
  readonly failed: SwarmTask | undefined;
  readonly service: SwarmService;
  readonly tasks: readonly SwarmTask[];
}

const pauseMs = 250;

/** Follows a Swarm until a service is what it is to be, or never will be; says what changes on the way. */
export async function watchService(watch: Watch): Promise<Watched> {
  const { gateway, context, serviceId, signal } = watch;
  let [shown, changedMs] = ['', performance.now()];
  for (;;) {
    const service = await gateway.swarm.find(serviceId);
    if (service === undefined) throw new AppError('CONTAINER_NOT_FOUND', 'The service was removed meanwhile.');
    const tasks = await gateway.swarm.tasks([service.id]);
    const progress = judgeProgress(service, tasks, watch.sinceMs);
    if (progress.text !== shown) {
      if (progress.kind === 'going') context.console.note(`${service.name}: ${progress.text}`);
      [shown, changedMs] = [progress.text, performance.now()];
    }
    const kind = endOf(watch, progress, performance.now() - changedMs);
    const failed = progress.kind === 'settled' ? undefined : progress.failed;
    if (kind !== undefined) return { kind, text: progress.text, failed, service, tasks };
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

function endOf(watch: Watch, progress: Progress, unchangedMs: number): Watched['kind'] | undefined {
  if (watch.signal.aborted) return 'aborted';
  if (progress.kind !== 'going') return progress.kind;
  if (watch.endsAtFailure && progress.failed !== undefined) return 'failed';
  return unchangedMs >= watch.timeoutMs ? 'timeout' : undefined;
}

/** By the Swarm's own clock: replicas that are made from now on are younger. */
export async function newestTaskMs({ swarm }: DockerGateway, serviceId: string | undefined): Promise<number> {
  if (serviceId === undefined) return 0;
  return Math.max(0, ...(await swarm.tasks([serviceId])).map(({ createdAtMs }) => createdAtMs + 1));
}
