import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Ends a process that ends when its parent's channel closes, and waits for that; there is nothing to do where it has ended. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  if (child.connected) child.disconnect();
  await ended;
}
