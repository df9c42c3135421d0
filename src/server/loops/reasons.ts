import type { HealthReason } from '../../protocol/server-health.js';
import type { LoopChild } from './loop-child.js';

/** After how many looks without a sign of life a loop is not ready, and is ended. */
export const mostSilentLooks = { ready: 2, alive: 12 };

/** Why a loop does not make the whole ready; nothing: it does. */
export function reasonOf(loop: LoopChild | undefined, name: string): readonly HealthReason[] {
  const say = (code: string, message: string, final = false): readonly HealthReason[] => [
    { code, final, message: `${name} ${message}` },
  ];
  if (loop?.health === undefined) return say('MODEL_NOT_READY', 'is being started.');
  if (loop.silentLooks >= mostSilentLooks.ready) return say('INTERNAL', 'has not answered for some time.');
  const { health, isServing } = loop;
  if (health.ready) return isServing ? [] : say('MODEL_NOT_READY', 'is being started.');
  const [first] = health.reasons;
  return say(first?.code ?? 'MODEL_NOT_READY', `is not ready: ${first?.message ?? health.state}`, first?.final);
}
