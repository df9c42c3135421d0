import type { Command } from 'commander';
import { AppError } from '../../errors.js';
import { engineAddressOf } from '../cli/engine-flags.js';
import type { LaunchContext } from '../context.js';
import type { DockerGateway } from '../docker/gateway.js';
import type { ContainerSummary } from '../docker/types.js';
import { containerLabels } from '../labels.js';
import { openNative, type NativeRunner, type NativeServer } from '../native/runner.js';
import { isOfOrigin, originOf, type Origin } from '../request/origin.js';

/** What runs here: containers of one engine, and servers without one. */
export interface Fleet {
  readonly docker: DockerGateway;
  /** Undefined where the command line names an engine: then its containers alone are meant. */
  readonly native: NativeRunner | undefined;
  /** Whose servers are meant where none is named. */
  readonly origin: Origin;
}

/** One server: a container, or a process of this machine. */
export type Member =
  | { readonly kind: 'container'; readonly name: string; readonly id: string; readonly container: ContainerSummary }
  | { readonly kind: 'native'; readonly name: string; readonly server: NativeServer };

/** The members that were found; `engineFault` says why containers could not be asked for, where no engine answers. */
export interface ServerList {
  readonly members: readonly Member[];
  readonly engineFault?: AppError;
}

export const managedLabel = `${containerLabels.managed}=true`;

/** Whether a container or image is the launcher's own. */
export function isManaged(labels: Readonly<Record<string, string>>): boolean {
  return labels[containerLabels.managed] === 'true';
}

/** Opens what a command acts on, by the engine that its line names. Connects to nothing yet. */
export async function openFleet(command: Command, context: LaunchContext): Promise<Fleet> {
  const address = engineAddressOf(command);
  const isNamed = address.context !== undefined || address.host !== undefined;
  const native = isNamed ? undefined : openNative(context);
  return { docker: await context.openGateway(address), native, origin: originOf(context) };
}

/** Everything that the launcher started, ended ones included; with `all` the engine's other containers too. */
export async function listMembers(
  { docker, native }: Pick<Fleet, 'docker' | 'native'>,
  options: { readonly all: boolean },
): Promise<ServerList> {
  const servers = native === undefined ? [] : await native.list();
  const own = servers.map((server): Member => ({ kind: 'native', name: server.request.name, server }));
  try {
    const filter = options.all ? {} : { labels: [managedLabel] };
    const containers = await docker.containers.list({ all: true, ...filter });
    const members = containers.map((container): Member => {
      const { id, name } = container;
      return { kind: 'container', name, id, container };
    });
    return { members: [...members, ...own] };
  } catch (thrown) {
    const isOptional = native !== undefined && thrown instanceof AppError && thrown.code === 'DOCKER_UNREACHABLE';
    if (!isOptional) throw thrown;
    return { members: own, engineFault: thrown };
  }
}

export function isUp(member: Member): boolean {
  const state = member.kind === 'container' ? member.container.state : member.server.status;
  return ['running', 'paused', 'restarting', 'starting', 'stopping'].includes(state);
}

/** How names on a command line are resolved. */
export interface Selection {
  /** The engine's other containers count too. */
  readonly all: boolean;
  /** Without a name: the only one of this user and project that runs, else the only one at all. */
  readonly soleByDefault: boolean;
  /** Decides on one of others that nobody named; throws where it is not to be touched. Undefined: the command does no harm. */
  readonly permitForeign?: (member: Member) => Promise<void>;
}

/** The labels of a container, or of a server without one. */
export function labelsOf(member: Member): Readonly<Record<string, string>> {
  return member.kind === 'container' ? member.container.labels : member.server.request.labels;
}

/**
 * The members that names, ids or their beginnings name, each once. Foreign containers only with `all`.
 * Throws CONTAINER_NOT_FOUND with the names that there are, USAGE where a beginning fits several.
 */
export async function findMembers(
  fleet: Fleet,
  refs: readonly string[],
  selection: Selection,
): Promise<readonly Member[]> {
  const list = await listMembers(fleet, { all: true });
  const isOwn = (member: Member): boolean => member.kind === 'native' || isManaged(member.container.labels);
  const inReach = selection.all ? list.members : list.members.filter(isOwn);
  if (refs.length === 0) {
    const sole = findSole(inReach.filter(isOwn), list, { ...selection, origin: fleet.origin });
    if (!isOfOrigin(labelsOf(sole), fleet.origin)) await selection.permitForeign?.(sole);
    return [sole];
  }
  const found = refs.map((ref) => findMember(ref, inReach, list));
  return [...new Set(found)];
}

/** One member by a name or by none. */
export async function findOne(fleet: Fleet, ref: string | undefined, selection: Selection): Promise<Member> {
  const [member] = await findMembers(fleet, ref === undefined ? [] : [ref], selection);
  if (member === undefined) throw new AppError('CONTAINER_NOT_FOUND', 'Nothing runs.');
  return member;
}

function matches(members: readonly Member[], ref: string): readonly Member[] {
  const named = members.filter(({ name }) => name === ref);
  if (named.length > 0) return named.slice(0, 1);
  return members.filter(
    (member) => member.kind === 'container' && /^[0-9a-f]+$/.test(ref) && member.id.startsWith(ref),
  );
}

function findMember(ref: string, inReach: readonly Member[], list: ServerList): Member {
  const [member, ...others] = matches(inReach, ref);
  if (member === undefined) throw missing(ref, inReach, list);
  if (others.length === 0) return member;
  const names = [member, ...others].map(({ name }) => name).join(', ');
  throw new AppError('USAGE', `"${ref}" is the beginning of several ids: ${names}. Give more of it, or a name.`);
}

function missing(ref: string, inReach: readonly Member[], { members, engineFault }: ServerList): AppError {
  const details = { ref };
  if (matches(members, ref).length > 0) {
    const text = `${ref} is a container that launch did not start. Add --all to act on it all the same.`;
    return new AppError('CONTAINER_NOT_FOUND', text, { details });
  }
  const [up, down] = [inReach.filter(isUp), inReach.filter((member) => !isUp(member))];
  const listed = (word: string, list: readonly Member[]): string =>
    list.length === 0 ? '' : ` ${word}: ${list.map(({ name }) => name).join(', ')}.`;
  const known = `${listed('Running', up)}${listed('Ended', down)}`;
  const fault = engineFault === undefined ? '' : `\n${engineFault.message}`;
  const text = `There is no container named ${ref}.${known === '' ? ' Nothing was started yet: launch up.' : known}${fault}`;
  return new AppError('CONTAINER_NOT_FOUND', text, { details, ...(engineFault ? { cause: engineFault } : {}) });
}

function findSole(
  own: readonly Member[],
  list: ServerList,
  { soleByDefault, origin }: Pick<Selection, 'soleByDefault'> & { readonly origin: Origin },
): Member {
  const running = own.filter(isUp);
  const here = running.filter((member) => isOfOrigin(labelsOf(member), origin));
  const up = here.length > 0 ? here : running;
  const [sole, ...others] = up;
  if (soleByDefault && sole !== undefined && others.length === 0) return sole;
  const fault = list.engineFault === undefined ? '' : `\n${list.engineFault.message}`;
  if (up.length === 0)
    throw new AppError('CONTAINER_NOT_FOUND', `Nothing runs. Start a server with: launch up${fault}`);
  throw new AppError('USAGE', `Say which one. Running: ${up.map(({ name }) => name).join(', ')}.`);
}
