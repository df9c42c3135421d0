import type { LaunchedServer, LaunchOptions } from './launch-for.js';
import type { RunningPlace } from './running.js';

export { allocator } from './native/supervisor/allocator.js';
export { readModelNames } from './facts/model-folder.js';
export type { LaunchedImage } from './docker/image-identity.js';
export type { LaunchedServer, LaunchOptions, ServerVariant } from './launch-for.js';

/** What `launch` has started on this machine and runs, containers and native servers; no containers where no engine answers. */
export async function findRunning(): Promise<readonly RunningPlace[]> {
  const { listRunning } = await import('./running.js');
  return listRunning();
}

/** Starts a server for a program, or finds the one that runs already with the same request. Throws AppError. */
export async function launch(request: LaunchOptions = {}): Promise<LaunchedServer> {
  const { launchFor } = await import('./launch-for.js');
  return launchFor(request);
}
