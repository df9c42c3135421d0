import type { LaunchedServer, LaunchWish } from './programmatic.js';

export { readModelNames } from './model-folder.js';
export type { LaunchedImage } from './image-identity.js';
export type { LaunchedServer, LaunchWish, ServerVariant } from './programmatic.js';

/** Starts a server for a program, or finds the one that runs already with the same wish. Throws AppError. */
export async function launch(wish: LaunchWish = {}): Promise<LaunchedServer> {
  const { launchFor } = await import('./programmatic.js');
  return launchFor(wish);
}
