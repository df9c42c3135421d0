import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, messageOf } from '../../errors.js';
import type { DockerGateway } from '../docker/gateway.js';
import type { ContainerDetails, ContainerSummary } from '../docker/types.js';
import { doCollide, type HostPort } from '../session/address.js';
import { containerLabels } from '../labels.js';
import { readPorts, wantedPorts, type WantedPort } from './host-ports.js';
import type { ContainerSpec, HostConfig } from './spec-types.js';

/** What of ours stands where a new container is to go. */
export interface Existing {
  /** Runs with the very same options, under the name that was asked for. */
  readonly same?: ContainerSummary;
  /** Ended or never started, and holds the name. */
  readonly leftover?: ContainerSummary;
  /** Runs with other options under the same name. */
  readonly other?: ContainerSummary;
  /** Hold one of the host's ports on an address that is wanted. */
  readonly portHolders: readonly ContainerSummary[];
}

/** Whether a container runs, or will again by itself. */
export const isAlive = ({ state }: ContainerSummary): boolean => /^(running|restarting|paused)$/.test(state);

/** Looks for containers of ours with the spec's options, name or ports. Changes nothing. */
export async function findExisting(gateway: DockerGateway, spec: ContainerSpec): Promise<Existing> {
  const ours = await gateway.containers.list({ all: true, labels: [`${containerLabels.managed}=true`] });
  const isSame = (one: ContainerSummary): boolean =>
    isAlive(one) && one.labels[containerLabels.config] === spec.configHash && (!spec.isNamed || one.name === spec.name);
  const same = ours.find(isSame);
  const named = ours.find(({ name }) => name === spec.name);
  const wanted = wantedPorts(spec);
  const others = ours.filter((one) => isAlive(one) && one.id !== same?.id);
  const held = await Promise.all(others.map((one) => readPorts(gateway, one)));
  const holds = (ports: readonly HostPort[]): boolean =>
    ports.some((port) => wanted.some((one) => doCollide(one, port)));
  return {
    ...(same === undefined ? {} : { same }),
    ...(named !== undefined && !isAlive(named) ? { leftover: named } : {}),
    ...(named !== undefined && isAlive(named) && named.id !== same?.id ? { other: named } : {}),
    portHolders: others.filter((_, index) => holds(held[index] ?? [])),
  };
}

const twinLimitMs = 10_000;
const silentMs = 1000;
const firstPauseMs = 50;
const longestPauseMs = 400;

/** How a container that was just created is waited for. */
export interface Settling {
  /** Whether the name is taken, though nothing may be listed yet. */
  readonly isTaken?: boolean;
  /** Hears once why it takes longer than a second. */
  readonly onWait: (text: string) => void;
}

/**
 * As findExisting, but a container that was just created gets ten seconds to start: another launch may be at it. After
 * that it counts as left over by a launch that was killed.
 */
export async function findSettled(
  gateway: DockerGateway,
  spec: ContainerSpec,
  { isTaken = false, onWait }: Settling,
): Promise<Existing> {
  const startMs = performance.now();
  let pauseMs = firstPauseMs;
  let wasTold = false;
  for (;;) {
    const existing = await findExisting(gateway, spec);
    const isStarting = existing.leftover?.state === 'created' || (isTaken && existing.same === undefined);
    const waitedMs = performance.now() - startMs;
    if (!isStarting || waitedMs >= twinLimitMs) return existing;
    if (!wasTold && waitedMs >= silentMs) {
      onWait(
        `${spec.name} was created, but is not started yet: waiting up to ${twinLimitMs / 1000} s for the launch that may be at it`,
      );
      wasTold = true;
    }
    await sleep(pauseMs);
    pauseMs = Math.min(longestPauseMs, pauseMs * 2);
  }
}

/** Everything of ours that holds the name, the options or a port, each once. */
export function inTheWay({ same, leftover, other, portHolders }: Existing): readonly ContainerSummary[] {
  const all = [same, leftover, other, ...portHolders].filter((one) => one !== undefined);
  return [...new Map(all.map((one) => [one.id, one])).values()];
}

/** Removes a container by force; one that is gone, or on its way, is as good. */
export async function removeContainer(gateway: DockerGateway, id: string): Promise<void> {
  await gateway.containers.remove(id, { force: true, volumes: true }).catch(ignoreGone);
}

/** What is gone, or on its way, needs no more. */
export function ignoreGone(thrown: unknown): void {
  const isGone =
    thrown instanceof AppError && (thrown.code === 'CONTAINER_NOT_FOUND' || /already in progress/.test(thrown.message));
  if (!isGone) throw thrown;
}

/** Why a container that runs lasts less long than the spec asks; undefined where it does not. */
export function explainShorterLife({ raw }: ContainerDetails, { body }: ContainerSpec): string | undefined {
  const { AutoRemove, RestartPolicy } = raw['HostConfig'] as Pick<HostConfig, 'AutoRemove' | 'RestartPolicy'>;
  const wanted = body.HostConfig;
  const isNeverRestarted = /^(no|)$/.test(RestartPolicy.Name) && wanted.RestartPolicy.Name !== 'no';
  if (AutoRemove && !wanted.AutoRemove) return 'it is removed when the foreground launch that started it ends';
  return isNeverRestarted ? 'it is not restarted when it ends' : undefined;
}

/** Refuses a name that other options hold. */
export function refuseOther({ other }: Existing): void {
  if (other === undefined) return;
  throw new AppError(
    'DOCKER_REFUSED',
    `A container named ${other.name} is already running with other options.\n  fix: launch --replace with the same flags, or choose another --name`,
    {
      details: { name: other.name },
    },
  );
}

/** The address that a refusal names, else the first. */
function findTaken(spec: ContainerSpec, refusal: string): WantedPort {
  const wanted = wantedPorts(spec);
  const named = wanted.find(({ port }) => new RegExp(`:${port}\\b`).test(refusal));
  return (
    named ?? wanted[0] ?? { hostIp: '127.0.0.1', port: 8000, protocol: 'tcp', told: '8000', otherwise: '-p 8001:8000' }
  );
}

/** The sentence for a port that is taken, naming the server of ours that has it: a container, or one without. */
export function portError(
  spec: ContainerSpec,
  { portHolders, native }: Pick<Existing, 'portHolders'> & { readonly native?: string },
  cause: unknown,
): AppError {
  const { hostIp, told: port, otherwise } = findTaken(spec, messageOf(cause));
  const holder = portHolders[0];
  const isTwin = holder?.labels[containerLabels.config] === spec.configHash;
  if (holder === undefined && native !== undefined) {
    const text = `Port ${port} on ${hostIp} is taken by ${native}, a server without a container.\n  fix: ${otherwise}, or launch stop ${native}`;
    return new AppError('PORT_IN_USE', text, { details: { port, holder: native }, cause });
  }
  const who =
    holder === undefined
      ? 'another program or container'
      : `${holder.name} (${holder.labels[containerLabels.variant] ?? 'ours'}${isTwin ? ', with the same options' : ''})`;
  const stop = holder === undefined ? '' : `, launch stop ${holder.name}, or launch --replace`;
  return new AppError('PORT_IN_USE', `Port ${port} on ${hostIp} is taken by ${who}.\n  fix: ${otherwise}${stop}`, {
    details: { port, ...(holder === undefined ? {} : { holder: holder.name }) },
    cause,
  });
}
