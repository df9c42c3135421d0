import { AppError } from '../../errors.js';
import { type Attached, describeContainer, toUnready, waitForContainer } from './ready.js';
import type { Attachment, ContainerSummary, OutputChunk } from '../docker/types.js';
import {
  findExisting,
  explainShorterLife,
  findSettled,
  inTheWay,
  portError,
  refuseOther,
  removeContainer,
  type Existing,
} from './existing.js';
import { create, createOrFind, settling } from './create.js';
import { findListener, isOnHostNetwork, wantedPorts } from './host-ports.js';
import { displacedName, putInPlace } from './replace.js';
import { explainEngineError } from '../failures/explain.js';
import { killedExitCode, ranOutOfMemory } from '../failures/out-of-memory.js';
import { LogTail } from '../text/log-tail.js';
import { findNativeHolder } from '../native/port-holder.js';
import { openNative } from '../native/runner.js';
import type { LaunchContext } from '../context.js';
import type { Launched } from '../session/outcome.js';
import type { ContainerPlan } from '../decide/plan-types.js';
import { permitReplacing, refuseShorterLife } from '../session/replace.js';
import type { Session, Started } from '../session/session.js';
import { toContainerSpec } from './spec.js';
import type { ContainerSpec } from './spec-types.js';

/** Creates and starts a container of a plan, or finds the one that runs already, and waits until it is ready. */
export async function startContainer(session: Session, plan: ContainerPlan): Promise<Started> {
  const { gateway, request, facts, context, options } = session;
  const spec = toContainerSpec(request, plan, facts);
  if (options.replace) {
    const obstacles = inTheWay(await findExisting(gateway, spec));
    await permitReplacing(context, obstacles, request.container.name);
    if (obstacles.length > 0) return replace(session, { spec, plan }, obstacles);
  }
  const existing = await findSettled(gateway, spec, settling(session));
  if (existing.same !== undefined) return reuse(session, { spec, plan }, existing.same.id);
  refuseOther(existing);
  await refuseTaken(session, spec, existing);
  if (existing.leftover !== undefined) await removeContainer(gateway, existing.leftover.id);
  const id = await createOrFind(session, spec);
  if (typeof id === 'object') return reuse(session, { spec, plan }, id.runningId);
  return startAndWait(session, { spec, plan, id, existing });
}

interface Target {
  readonly spec: ContainerSpec;
  readonly plan: ContainerPlan;
}

/** Creates it under another name at first: what is wrong with its options shows while the others serve. */
async function replace(session: Session, target: Target, obstacles: readonly ContainerSummary[]): Promise<Started> {
  const { name } = target.spec;
  const failedName = displacedName(name, 'failed');
  const id = await create(session, { ...target.spec, name: displacedName(name, 'next') });
  const fresh: Fresh = { ...target, id, existing: { portHolders: [] }, failedName };
  return putInPlace(session, { id, name, failedName, obstacles }, async () => {
    await refuseTaken(session, fresh.spec, fresh.existing);
    return startAndWait(session, fresh);
  });
}

async function reuse(session: Session, target: Target, id: string): Promise<Started> {
  const { gateway, context } = session;
  const before = await gateway.containers.inspect(id);
  refuseShorterLife(before.name, explainShorterLife(before, target.spec));
  const result = await waitForContainer(session, id, false);
  const details = await gateway.containers.inspect(id);
  if (result.kind !== 'ready') {
    throw new AppError(
      'READY_TIMEOUT',
      `${details.name} is already running with these options, but is not ready${result.kind === 'timeout' ? ` (${result.lastError})` : ''}.\n  fix: launch logs ${details.name}, or launch --replace`,
    );
  }
  const current = await gateway.images.inspect(target.plan.image.ref).catch(() => undefined);
  if (current !== undefined && current.id !== details.imageId) {
    context.console.warn(
      `${details.name} runs an older build of ${target.plan.image.ref}; --replace takes the new one`,
    );
  }
  const found = { details, isReused: true, broken: result.broken };
  return startedOf(session, await describeContainer(session, target.plan, found), undefined);
}

/** In the foreground (`attached`) its output and its end are still to come. */
function startedOf({ gateway, context }: Session, launched: Launched, attached: Attached | undefined): Started {
  const { containers } = gateway;
  const { name, containerId: id = name } = launched;
  return {
    launched,
    stop: (grace) => containers.stop(id, grace),
    kill: () => containers.kill(id, 'SIGKILL'),
    remove: () => removeContainer(gateway, id),
    followUntilEnd: async () => {
      if (attached === undefined) return 0;
      const sinceMs = context.now();
      const exitCode = await attached.exitCode;
      await attached.drained;
      const wasKilled = exitCode === killedExitCode;
      if (wasKilled && (await ranOutOfMemory(gateway, { id, sinceMs, nowMs: context.now() })))
        context.console.fail(`${name} was out of memory, and the kernel killed it. More: --memory`);
      return exitCode;
    },
  };
}

interface Fresh extends Target {
  readonly id: string;
  readonly existing: Existing;
  /** Its name where it fails and is kept; undefined: the same. */
  readonly failedName?: string;
}

async function startAndWait(session: Session, fresh: Fresh): Promise<Started> {
  const { gateway, options, context } = session;
  const tail = new LogTail();
  const isFollowed = options.follow !== undefined;
  let attached: Attached | undefined;
  const isAwaited = new AbortController();
  try {
    const attachment = isFollowed ? await gateway.containers.attach(fresh.id, { stdin: false, tty: false }) : undefined;
    const exitCode = awaitExit(session, fresh, isAwaited.signal);
    const startedAtMs = context.now();
    await start(session, fresh);
    if (attachment !== undefined) attached = { id: fresh.id, exitCode, drained: pump(session, attachment, tail) };
    const result = await waitForContainer(session, fresh.id, true);
    if (result.kind !== 'ready')
      throw await toUnready(session, {
        id: fresh.id,
        name: fresh.spec.name,
        result,
        tail,
        attached,
        exitCode,
        startedAtMs,
      });
    const details = await gateway.containers.inspect(fresh.id);
    const launched = await describeContainer(session, fresh.plan, {
      details,
      isReused: false,
      broken: result.broken,
      readyAfterMs: context.now() - startedAtMs,
    });
    return startedOf(session, launched, attached);
  } catch (thrown) {
    const { failedName: name = fresh.spec.name } = fresh;
    if (options.keep) context.console.warn(`${name} is kept: launch logs ${name}, launch rm ${name}`);
    else await takeBack(session, fresh);
    throw thrown;
  } finally {
    isAwaited.abort();
  }
}

/** Removes what did not become ready. An engine that is gone by now may have it still, and start it again with itself. */
async function takeBack({ gateway, context }: Session, { id, spec: { name } }: Fresh): Promise<void> {
  await removeContainer(gateway, id).catch(() => {
    const then = 'the same command takes it up once the engine answers, launch rm -f';
    context.console.warn(
      `${name} may be left on the engine, which could not be told to remove it: ${then} ${name} removes it`,
    );
  });
}

/** The code of its first end; of one that is not followed only until `signal` fires, for the wait keeps a connection open. */
function awaitExit({ gateway, options }: Session, { id, spec }: Fresh, signal: AbortSignal): Promise<number> {
  const condition = spec.body.HostConfig.AutoRemove ? 'removed' : 'next-exit';
  const exitCode = gateway.containers.wait(id, condition, options.follow === undefined ? { signal } : {});
  exitCode.catch(() => undefined);
  return exitCode;
}

async function start({ gateway, context, signal }: Session, { id, spec, existing }: Fresh): Promise<void> {
  try {
    await gateway.containers.start(id, { signal });
  } catch (thrown) {
    if (signal.aborted)
      throw new AppError('SHUTTING_DOWN', `Interrupted before ${spec.name} was ready; it was removed.`);
    const explained = explainEngineError(thrown);
    throw explained.code === 'PORT_IN_USE' ? await explainTaken(context, { spec, existing, cause: thrown }) : explained;
  }
}

/**
 * Refuses the host's network where another program listens at the server's address, or another server of ours is to. The engine starts
 * such a container, and the other one's answers would be taken for its own.
 */
async function refuseTaken({ gateway, context }: Session, spec: ContainerSpec, existing: Existing): Promise<void> {
  if (!isOnHostNetwork(spec)) return;
  const isHere = gateway.endpoint.remoteHost === undefined;
  const listener = isHere ? await findListener(wantedPorts(spec)) : undefined;
  if (listener === undefined && existing.portHolders.length === 0) return;
  throw await explainTaken(context, { spec, existing, cause: new Error(`${listener ?? 'an address'} is taken`) });
}

interface Taken extends Pick<Fresh, 'spec' | 'existing'> {
  readonly cause: unknown;
}

async function explainTaken(context: LaunchContext, { spec, existing, cause }: Taken): Promise<AppError> {
  const native = await findNativeHolder(openNative(context), wantedPorts(spec));
  return portError(spec, { ...existing, ...(native === undefined ? {} : { native }) }, cause);
}

/** Passes a container's output on until it ends; a torn connection ends it too. */
async function pump({ context, options }: Session, { output }: Attachment, tail: LogTail): Promise<void> {
  const out = options.follow === 'output' ? context.stdout : context.stderr;
  const sinkOf = ({ stream }: OutputChunk): NodeJS.WriteStream => (stream === 'stdout' ? out : context.stderr);
  try {
    for await (const chunk of output) {
      tail.push(chunk);
      sinkOf(chunk).write(chunk.data);
    }
  } catch {
    context.console.warn('the connection to the container was lost');
  }
}
