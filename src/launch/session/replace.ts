import type { LaunchContext } from '../context.js';
import { AppError } from '../../errors.js';
import { askFor } from '../cli/consent.js';
import { describeOrigin, isOfOrigin, originOf } from '../request/origin.js';

/** A server in the way of another, as its labels describe it. */
export interface Obstacle {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Lets --replace take only what is this user's and project's own, or what --name names; asks for anything else on a
 * terminal. Throws USAGE with the line to type instead, or where the answer is no.
 */
export async function permitReplacing(
  context: LaunchContext,
  obstacles: readonly Obstacle[],
  chosenName: string | undefined,
): Promise<void> {
  const origin = originOf(context);
  for (const { name, labels } of obstacles) {
    if (isOfOrigin(labels, origin) || name === chosenName) continue;
    const what = `${name} is in the way, and ${describeOrigin(labels)}`;
    const otherwise = `${what}: --replace leaves it alone.\n  fix: launch rm -f ${name}, then the same command again`;
    if (!(await askFor(context, { text: `${what}. Remove it?`, otherwise }))) throw new AppError('USAGE', otherwise);
  }
}

/** Refuses to call a start done for a server that lasts less long than was asked. */
export function refuseShorterLife(name: string, why: string | undefined): void {
  if (why === undefined) return;
  throw new AppError(
    'DOCKER_REFUSED',
    `${name} is already running with these options, but ${why}; -d needs one that stays.\n  fix: the same command with --replace`,
    { details: { name } },
  );
}
