import type { ChildProcess } from 'node:child_process';

/**
 * Ends a program that has not ended after so long, and calls `onLimit`; answers what stops the clock. Not even SIGKILL ends one that waits in
 * the kernel for a GPU that fell off the bus, and its children may hold its output: it is left to itself, and nobody waits for it.
 */
export function limitProgram(child: ChildProcess, limitMs: number, onLimit: () => void): () => void {
  const timer = setTimeout(() => {
    onLimit();
    child.kill('SIGKILL');
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.unref();
  }, limitMs);
  return () => clearTimeout(timer);
}
