import type { LaunchedServer, LaunchOptions } from './launch-for.js';

export { readModelNames } from './facts/model-folder.js';
export type { LaunchedImage } from './docker/image-identity.js';
export type { LaunchedServer, LaunchOptions, ServerVariant } from './launch-for.js';

/** Starts a server for a program, or finds the one that runs already with the same request. Throws AppError. */
export async function launch(request: LaunchOptions = {}): Promise<LaunchedServer> {
  const { launchFor } = await import('./launch-for.js');
  return launchFor(request);
}
