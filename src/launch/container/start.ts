import { AppError } from '../../errors.js';
import { type Attached, describeContainer, toUnready, waitForContainer } from './ready.js';
import type { Attachment, OutputChunk } from '../docker/types.js';
import {
  findExisting,
  explainShorterLife,
  findSettled,
  inTheWay,
  portError,
  refuseOther,
  removeContainer,
  removeExisting,
  type Existing,
  type Settling,
} from './existing.js';
import { findListener, isOnHostNetwork, wantedPorts } from './host-ports.js';
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
import { toContainerSpec, withProfiles } from './spec.js';
import type { ContainerSpec, CreateBody } from './spec-types.js';

/** Creates and starts a container of a plan, or finds the one that runs already, and waits until it is ready. */
export async function startContainer(session: Session, plan: ContainerPlan): Promise<Started> {
  const { gateway, request, facts, context, options } = session;
  const spec = toContainerSpec(request, plan, facts);
  let existing = await (options.replace ? findExisting(gateway, spec) : findSettled(gateway, spec, settling(session)));
  if (options.replace) {
    await permitReplacing(context, inTheWay(existing), request.container.name);
    for (const name of await removeExisting(gateway, existing)) context.console.note(`removed ${name}`);
    existing = { portHolders: [] };
  } else if (existing.same !== undefined) return reuse(session, { spec, plan }, existing.same.id);
  else refuseOther(existing);
  await refuseTaken(session, spec, existing);
  if (existing.leftover !== undefined) await removeContainer(gateway, existing.leftover.id);
  const id = await create(session, spec);
  if (typeof id === 'object') return reuse(session, { spec, plan }, id.runningId);
  return startAndWait(session, { spec, plan, id, existing });
}

const settling = ({ context }: Session): Settling => ({ onWait: (text) => context.console.note(text) });

/** A launcher that was faster has made the same container: its name, and so its options, are the same. */
async function create(session: Session, spec: ContainerSpec): Promise<string | { readonly runningId: string }> {
  const { gateway, context } = session;
  try {
    const { name, platform } = spec;
    const onWarning = (text: string): void => context.console.warn(text);
    return await gateway.containers.create(toSent(session, spec), { name, platform, onWarning });
  } catch (thrown) {
    const isTaken = thrown instanceof AppError && /is already in use by container/.test(thrown.message);
    if (!isTaken) throw explainEngineError(thrown);
    const { same } = await findSettled(gateway, spec, { ...settling(session), isTaken: true });
    if (same !== undefined) return { runningId: same.id };
    throw new AppError(
      'DOCKER_REFUSED',
      `The name ${spec.name} belongs to a container that launch did not start, or that is just starting.\n  fix: choose another --name, or try again`,
      { cause: thrown },
    );
  }
}

/** The options as the engine takes them: the texts of profiles in place of their files' names. */
function toSent({ facts }: Session, { body }: ContainerSpec): CreateBody {
  return { ...body, HostConfig: withProfiles(body.HostConfig, facts.profiles) };
}

interface Target {
  readonly spec: ContainerSpec;
  readonly plan: ContainerPlan;
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
    if (options.keep)
      context.console.warn(`${fresh.spec.name} is kept: launch logs ${fresh.spec.name}, launch rm ${fresh.spec.name}`);
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
