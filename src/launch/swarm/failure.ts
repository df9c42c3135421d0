import { AppError } from '../../errors.js';
import type { DockerGateway } from '../docker/gateway.js';
import { unreadyError } from '../failures/explain.js';
import { readTail } from '../text/log-tail.js';
import { describeFailure, nameOf } from './progress.js';
import type { ServicePlan } from './plan.js';
import type { Watched } from './watch.js';

/** How a change that takes long is followed or taken back. */
const wayBack = {
  update: (name: string) => `back: launch rollback ${name}`,
  scale: (name: string) => `another number: launch scale ${name}=N`,
  keep: (name: string) => `look: launch ps, launch logs ${name}`,
  rollback: (name: string) => `look: launch ps, launch logs ${name}`,
} as const;

/** The error of a service that did not become what it was to be, with what its last failed replica wrote. */
export async function toChangeFailure(
  gateway: DockerGateway,
  { kind, text, failed, service }: Watched,
  { change, timeoutMs }: { readonly change: ServicePlan['action'] | 'rollback'; readonly timeoutMs: number },
): Promise<AppError> {
  const { name } = service;
  if (kind === 'aborted') {
    const rest = change === 'create' ? 'it was removed' : `the Swarm continues; ${wayBack[change](name)}`;
    return new AppError('SHUTTING_DOWN', `Interrupted before ${name} was ready; ${rest}.`);
  }
  const why = failed === undefined ? '' : `: ${nameOf(name, failed)} ${describeFailure(failed)}`;
  if (failed?.state === 'rejected' && /no such image/i.test(failed.error))
    return new AppError('IMAGE_MISSING', `${name} has no image on a node${why}.`, { details: { name } });
  const what = {
    failed: `does not start${why}.`,
    'taken-back': `keeps its previous version, since the new one failed${why}.`,
    paused: `is between two versions, since its rollback failed too${why || `: ${text}`}.`,
    timeout: `made no progress for ${timeoutMs / 1000} s: ${text}. ${change === 'create' ? 'To wait longer: --timeout' : `The Swarm continues; ${wayBack[change](name)}`}`,
    settled: text,
  }[kind];
  const logs =
    failed === undefined ? [] : await readTail(gateway.swarm.taskLogs(failed.id, { tail: 40 })).catch(() => []);
  const code = kind === 'timeout' ? 'READY_TIMEOUT' : 'CONTAINER_EXITED';
  return unreadyError({ name, code, what, logLines: logs, wasShown: false });
}
