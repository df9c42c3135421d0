import type { DockerGateway } from '../docker/gateway.js';

/** A container, and the time in which it may have run out of memory. */
export interface Lifetime {
  readonly id: string;
  readonly sinceMs: number;
  readonly nowMs: number;
}

/** What Linux gives a process that SIGKILL ended, as it does where memory is out. */
export const killedExitCode = 137;

/** Whether the engine saw it run out of memory. One that was removed or started again forgets it, but the engine's events do not. */
export async function ranOutOfMemory(gateway: DockerGateway, { id, sinceMs, nowMs }: Lifetime): Promise<boolean> {
  const details = await gateway.containers.inspect(id).catch(() => undefined);
  if (details?.state.oomKilled === true) return true;
  const query = { sinceSeconds: Math.floor(sinceMs / 1000) - 1, untilSeconds: Math.ceil(nowMs / 1000) };
  try {
    for await (const event of gateway.events(query)) if (event.id === id && event.action === 'oom') return true;
  } catch {
    // Nothing is claimed that the engine does not say.
  }
  return false;
}
