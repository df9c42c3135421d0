import { randomBytes } from 'node:crypto';
import { AppError, messageOf, toPlainError } from '../../errors.js';
import type { DockerGateway } from '../docker/gateway.js';
import type { ContainerSummary } from '../docker/types.js';
import type { Session, Started } from '../session/session.js';
import { explainTakenName } from './create.js';
import { ignoreGone, isAlive, removeContainer } from './existing.js';

/** A name for a container that is not in its place: one `next`, one that was `before`, or one that `failed` and is kept. */
export function displacedName(name: string, role: 'next' | 'before' | 'failed'): string {
  return `${name}-${role}-${randomBytes(3).toString('hex')}`;
}

/** A container that was created, and those in whose place it is to run. */
export interface Replacing {
  readonly id: string;
  /** The name that it is to have. */
  readonly name: string;
  /** Its name where it fails and is kept. */
  readonly failedName: string;
  readonly obstacles: readonly ContainerSummary[];
}

/**
 * Stops what is in the way, for a host's port belongs to one container at a time, and starts the new container in its place. Where that does
 * not become ready, what was stopped is started again, and the error says so; else it is removed.
 */
export async function putInPlace(
  session: Session,
  replacing: Replacing,
  start: () => Promise<Started>,
): Promise<Started> {
  const { gateway, context } = session;
  const displaced: Displaced = { stopped: [] };
  const started = await makeRoom(gateway, replacing, displaced)
    .then(start)
    .catch(async (thrown: unknown) => {
      const warn = (again: unknown): void => context.console.warn(`${replacing.name}: ${messageOf(again)}`);
      await takeAway(session, replacing).catch(warn);
      throw withLines(thrown, await putBack(gateway, replacing, displaced));
    });
  for (const { id, name } of replacing.obstacles) {
    await removeContainer(gateway, id).then(
      () => context.console.note(`removed ${name}`),
      (thrown: unknown) => context.console.warn(`${name} was stopped, but not removed: ${messageOf(thrown)}`),
    );
  }
  return started;
}

/** What has happened to those that are in the way. */
interface Displaced {
  /** Has lost its name. */
  renamed?: ContainerSummary;
  readonly stopped: ContainerSummary[];
}

/** The names change first: one that removes itself when it ends would hold its name for a moment longer. */
async function makeRoom(
  { containers }: DockerGateway,
  { id, name, obstacles }: Replacing,
  displaced: Displaced,
): Promise<void> {
  const holder = obstacles.find((one) => one.name === name);
  if (holder !== undefined) {
    await containers.rename(holder.id, displacedName(name, 'before'));
    displaced.renamed = holder;
  }
  await containers.rename(id, name).catch((thrown: unknown) => {
    throw explainTakenName(name, thrown) ?? thrown;
  });
  for (const obstacle of obstacles.filter(isAlive)) {
    displaced.stopped.push(obstacle);
    await containers.stop(obstacle.id).catch(ignoreGone);
  }
}

async function takeAway({ gateway, options }: Session, { id, failedName }: Replacing): Promise<void> {
  if (!options.keep) return removeContainer(gateway, id);
  await gateway.containers.stop(id).catch(ignoreGone);
  return gateway.containers.rename(id, failedName);
}

/** What became of those that were stopped, a line for each. */
async function putBack(
  { containers }: DockerGateway,
  { name }: Replacing,
  { renamed, stopped }: Displaced,
): Promise<readonly string[]> {
  const unnamed: string[] = [];
  if (renamed !== undefined) {
    const say = (thrown: unknown): unknown => unnamed.push(`  ${name} has another name now: ${messageOf(thrown)}`);
    await containers.rename(renamed.id, name).catch(ignoreGone).catch(say);
  }
  const lines = stopped.map((one) =>
    containers.start(one.id).then(
      () => `  ${one.name} was started again, as it was.`,
      (thrown: unknown) => explainLoss(one, thrown),
    ),
  );
  return [...unnamed, ...(await Promise.all(lines))];
}

function explainLoss({ name }: ContainerSummary, thrown: unknown): string {
  const isGone = thrown instanceof AppError && thrown.code === 'CONTAINER_NOT_FOUND';
  if (isGone) return `  ${name} removed itself when it ended (--rm), and was not started again.`;
  return `  ${name} could not be started again: ${messageOf(thrown)}`;
}

function withLines(thrown: unknown, lines: readonly string[]): AppError {
  const { code, message, details } = toPlainError(thrown);
  return new AppError(code, [message, ...lines].join('\n'), { details, cause: thrown });
}
