import type { HealthReason, ServerHealth } from '../../protocol/server-health.js';

/** The health of the whole server, from that of one loop and why the others are not ready. */
export function judgeWhole(own: ServerHealth, others: readonly HealthReason[]): ServerHealth {
  if (others.length === 0 || own.state === 'draining') return own;
  const isLasting = others.some(({ final }) => final);
  const state = own.state === 'ready' ? (isLasting ? 'degraded' : 'starting') : own.state;
  return { ...own, ready: false, state, reasons: [...own.reasons, ...others] };
}
