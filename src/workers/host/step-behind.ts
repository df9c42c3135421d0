import { existsSync, readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/**
 * How far what computes stands behind the thread that answers: where both want a CPU, that one gets three times as much, so that it refuses
 * what is too much, and tells of health, however much there is to compute. Trials stand behind what serves, by as much again.
 */
export const niceness = { compute: 5, trial: 10 } as const;

const self = '/proc/thread-self';

/** Sets the calling thread, and those that it starts from now on, behind others. Linux alone has priorities of threads. */
export function stepBehind(places: number): void {
  if (!existsSync(self)) return;
  const thread = Number(basename(readlinkSync(self)));
  // Only a privileged process may come forward again, and the server may stand further behind already.
  if (places > getPriority(thread)) setPriority(thread, places);
}
