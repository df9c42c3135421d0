import type { PublishedPort } from '../docker/types.js';
import { containerLabels } from '../labels.js';
import type { Member } from './fleet.js';

/** A member in the words that `ps` and `inspect` print, the same for containers and native servers. */
export interface MemberFacts {
  readonly kind: 'container' | 'native';
  readonly name: string;
  /** The container's id, or the process's number. */
  readonly id: string;
  readonly variant: string;
  /** Where it computes, as it says itself (`isMeasured`), else what it was started with: `gpu (cdi)`, `cpu`; `?` for containers of others. */
  readonly device: string;
  readonly isMeasured: boolean;
  readonly state: string;
  readonly health?: string;
  readonly image?: string;
  readonly ports: readonly PublishedPort[];
  readonly createdAtMs: number;
  /** Undefined where it does not run. */
  readonly upSinceMs?: number;
  readonly exitCode?: number;
  /** Asked only of one that was killed. */
  readonly isOutOfMemory?: boolean;
  readonly restarts?: number;
}

/** What a list entry tells; `upSinceMs` of a container is left to the engine's own words. */
export function describeMember(member: Member): MemberFacts {
  return member.kind === 'container' ? describeContainer(member) : describeNative(member);
}

function describeContainer({ name, id, container }: Extract<Member, { kind: 'container' }>): MemberFacts {
  const { labels, state, health, image, ports, createdAtMs, status } = container;
  const exitCode = /^Exited \((\d+)\)/.exec(status)?.[1];
  return {
    kind: 'container',
    name,
    id,
    variant: labels[containerLabels.variant] ?? '-',
    device: deviceOf(labels),
    isMeasured: false,
    state,
    ...(health === undefined ? {} : { health }),
    image,
    ports,
    createdAtMs,
    ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
  };
}

function deviceOf(labels: Readonly<Record<string, string>>): string {
  if (labels[containerLabels.managed] !== 'true') return '?';
  const path = labels[containerLabels.gpuPath] ?? '';
  return path === '' ? 'cpu' : `gpu (${path})`;
}

function describeNative({ name, server }: Extract<Member, { kind: 'native' }>): MemberFacts {
  const { request, status, pid, startedAtMs, exitCode, restarts, createdAtMs } = server;
  const isRunning = status === 'running' && startedAtMs !== undefined;
  return {
    kind: 'native',
    name,
    id: pid === undefined ? '-' : String(pid),
    variant: 'native',
    device: 'auto',
    isMeasured: false,
    state: server.isUnreadable === true ? 'unreadable (launch rm)' : status,
    ports:
      server.isUnreadable === true
        ? []
        : [{ containerPort: request.port, protocol: 'tcp', hostPort: request.port, hostIp: request.host }],
    createdAtMs,
    ...(isRunning ? { upSinceMs: startedAtMs } : {}),
    ...(status === 'exited' && exitCode !== undefined ? { exitCode } : {}),
    restarts,
  };
}
