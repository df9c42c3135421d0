import { messageOf } from '../../errors.js';
import type { LaunchContext } from '../context.js';

/**
 * Does the same to several things at once, prints the name of each that it was done to, and says what failed for the
 * others. Throws the last failure, for the exit code.
 */
export async function forEachNamed<T extends { readonly name: string }>(
  items: readonly T[],
  context: LaunchContext,
  { action, json }: { readonly action: (item: T) => Promise<unknown>; readonly json: boolean },
): Promise<void> {
  const outcomes = await Promise.allSettled(items.map((item) => action(item)));
  const done = items.filter((_, index) => outcomes[index]?.status === 'fulfilled').map(({ name }) => name);
  const failures = outcomes.flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (json && failures.length === 0) context.console.json(done);
  if (!json) for (const name of done) context.console.result(name);
  for (const failure of failures.slice(0, -1)) context.console.fail(messageOf(failure));
  if (failures.length > 0) throw failures.at(-1);
}
