import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/**
 * Makes this helper process end when its parent does, however that ends, and also while native code keeps the main thread busy: a
 * thread of its own looks twice a second who the parent is. Where memory runs out the helper is chosen before its server.
 */
export function endWithParent(parent: number): void {
  new Worker(new URL('./parent-watch.js', import.meta.url), {
    workerData: parent,
  }).unref();
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not Linux, or not allowed: then the kernel chooses by size alone.
  }
}
