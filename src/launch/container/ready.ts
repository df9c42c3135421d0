import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.js';
import { omitUndefined } from '../../omit-undefined.js';
import type { ContainerDetails } from '../docker/types.js';
import { findAddress, findIp, findUrl } from '../session/address.js';
import { identifyImage } from '../docker/image-identity.js';
import { neverReadyError, unreadyError } from '../failures/explain.js';
import { readTail, type LogTail } from '../text/log-tail.js';
import { killedExitCode, ranOutOfMemory } from '../failures/out-of-memory.js';
import type { Launched } from '../session/outcome.js';
import type { ContainerPlan } from '../decide/plan-types.js';
import { readServing, waitUntilReady, type Liveness, type ReadinessResult } from '../session/readiness.js';
import { basePathOf, type Session } from '../session/session.js';

/** The output of a container that is followed from its first byte. */
export interface Attached {
  readonly id: string;
  /** Settles when the output has ended. */
  readonly drained: Promise<void>;
  readonly exitCode: Promise<number>;
}

/** Waits for a container's server. One that was just started has failed as soon as the engine restarts it. */
export function waitForContainer(session: Session, id: string, isFresh: boolean): Promise<ReadinessResult> {
  const { gateway, request, signal, options } = session;
  const check = async (): Promise<Liveness> => {
    try {
      const details = await gateway.containers.inspect(id);
      const { url } = findUrl(details, request.serverPort, gateway.endpoint.remoteHost);
      return toLiveness(details, isFresh, url);
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'CONTAINER_NOT_FOUND') return { state: 'ended', exitCode: -1 };
      throw thrown;
    }
  };
  const now = (): number => performance.now();
  return waitUntilReady({ basePath: basePathOf(request), timeoutMs: options.timeoutMs, signal, check, now });
}

function toLiveness({ state, restartCount }: ContainerDetails, isFresh: boolean, url: string | undefined): Liveness {
  const hasEnded = /^(exited|dead|removing|restarting)$/.test(state.status) || (isFresh && restartCount > 0);
  if (hasEnded) return { state: 'ended', exitCode: state.exitCode };
  return {
    state: 'running',
    ...omitUndefined({ health: state.health, url }),
  };
}

/** How a wait ended without success, and what the server wrote. */
export interface Ending {
  readonly id: string;
  readonly name: string;
  readonly result: Exclude<ReadinessResult, { kind: 'ready' }>;
  readonly tail: LogTail;
  readonly attached: Attached | undefined;
  /** Of its first end: the engine may have started it again since, which its state tells instead. */
  readonly exitCode: Promise<number>;
  readonly startedAtMs: number;
}

/** The error of a container that ended, timed out, was interrupted before it was ready, or never will be. */
export async function toUnready({ gateway, options, context }: Session, ending: Ending): Promise<AppError> {
  const { id, name, result, tail, attached } = ending;
  if (result.kind === 'aborted')
    return new AppError('SHUTTING_DOWN', `Interrupted before ${name} was ready; it was removed.`);
  const exitCode = result.kind === 'ended' ? await findExitCode(ending, result.exitCode) : undefined;
  const lifetime = { id, sinceMs: ending.startedAtMs, nowMs: context.now() };
  const isOutOfMemory = exitCode === killedExitCode && (await ranOutOfMemory(gateway, lifetime));
  if (result.kind === 'ended') await attached?.drained;
  const logLines =
    attached === undefined ? await readTail(gateway.containers.logs(id, { tail: 40 })).catch(() => []) : tail.lines;
  const wasShown = attached !== undefined;
  if (result.kind === 'failed') return neverReadyError({ name, reasons: result.reasons, logLines, wasShown });
  const what =
    result.kind === 'ended'
      ? `ended with exit code ${exitCode ?? ''} before it was ready${isOutOfMemory ? ': the kernel killed it for lack of memory. More: --memory' : ''}.`
      : `was not ready after ${options.timeoutMs / 1000} s: ${result.lastError.replace(/\.$/, '')}. To wait longer: --timeout ${options.timeoutMs / 500}s`;
  const code = result.kind === 'ended' ? 'CONTAINER_EXITED' : 'READY_TIMEOUT';
  return unreadyError({ name, code, what, logLines, wasShown });
}

/** The code of its first end, within two seconds; else what its state says. */
function findExitCode({ exitCode }: Ending, stated: number): Promise<number> {
  return Promise.race([exitCode, sleep(2000, stated, { ref: false })]).catch(() => stated);
}

/** A ready container, how it came about and how long it took. */
export interface Found {
  readonly details: ContainerDetails;
  readonly isReused: boolean;
  readonly broken: Launched['broken'];
  readonly readyAfterMs?: number;
}

/** What a user is told of a ready container; its server is asked what it serves and where that computes. */
export async function describeContainer(
  { gateway, request }: Session,
  plan: ContainerPlan,
  found: Found,
): Promise<Launched> {
  const { details, isReused, broken, readyAfterMs } = found;
  const place = findUrl(details, request.serverPort, gateway.endpoint.remoteHost);
  const ip = findIp(details);
  return {
    name: details.name,
    variant: plan.variant,
    isReused,
    ...(place.url === undefined ? { noUrl: place.reason } : { url: place.url }),
    ...findGrpc(details, request.grpcPort, gateway.endpoint.remoteHost),
    ...(ip === undefined ? {} : { ip }),
    containerId: details.id,
    image: await identifyImage(gateway, plan.image.ref, details.imageId),
    ...(plan.gpu === undefined ? {} : { gpuPath: plan.gpu.kind }),
    ...(place.url === undefined ? { devices: [], models: [] } : await readServing(place.url + basePathOf(request))),
    broken,
    ...(readyAfterMs === undefined ? {} : { readyAfterMs }),
  };
}

function findGrpc(
  details: ContainerDetails,
  port: number | undefined,
  remoteHost: string | undefined,
): Pick<Launched, 'grpcAddress' | 'noGrpc'> {
  if (port === undefined) return {};
  const found = findAddress(details, port, remoteHost);
  return found.address === undefined ? { noGrpc: found.reason } : { grpcAddress: found.address };
}
