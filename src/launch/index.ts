import type { LaunchedServer, LaunchWish } from './launch-for.js';

export { readModelNames } from './facts/model-folder.js';
export type { LaunchedImage } from './docker/image-identity.js';
export type { LaunchedServer, LaunchWish, ServerVariant } from './launch-for.js';

/** Starts a server for a program, or finds the one that runs already with the same wish. Throws AppError. */
export async function launch(wish: LaunchWish = {}): Promise<LaunchedServer> {
  const { launchFor } = await import('./launch-for.js');
  return launchFor(wish);
}
