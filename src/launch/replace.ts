import type { LaunchContext } from './context.js';
import { AppError } from '../errors.js';
import { askFor } from './everyday/consent.js';
import { describeOrigin, isOfOrigin, originOf } from './origin.js';

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
    const otherwise = `${what}: --replace leaves it alone.\n  fix: launch rm -f ${name}, then the same line again`;
    if (!(await askFor(context, { text: `${what}. Remove it?`, otherwise }))) throw new AppError('USAGE', otherwise);
  }
}
