import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { listStates } from '../../../store/arrival.js';
import type { TransferEvents } from '../../../store/transfer/events.js';
import { lendStoreWorld, type StoreWorld } from '../../../store/world.js';
import { formatBytes } from '../../cli/format.js';
import type { LaunchContext } from '../../context.js';
import type { Console } from '../../text/console.js';

/** The folder of pulled models: the same as the server's. */
export function cacheOf({ env, homeFolder, cwd }: LaunchContext, named: string | undefined): string {
  const folder =
    named ?? env['SLIPWAY_CACHE_DIR'] ?? join(env['XDG_CACHE_HOME'] ?? join(homeFolder, '.cache'), 'slipway');
  return join(resolve(cwd, folder), 'models');
}

/** What was pulled into a cache and is there. */
export async function listCache(cache: string) {
  const homes = await readdir(cache).catch(() => []);
  return (await Promise.all(homes.map((home) => listStates(join(cache, home))))).flat();
}

/** Where that came from, each place once. */
export async function listLocations(context: LaunchContext, cacheDir: string | undefined): Promise<readonly string[]> {
  const states = await listCache(cacheOf(context, cacheDir));
  return [...new Set(states.map(({ location }) => location))];
}

/** What the launcher's process lends to pulls and pushes. */
export function storeWorldOf(context: LaunchContext): StoreWorld {
  const { env, homeFolder } = context;
  return lendStoreWorld({ env, homeFolder, now: () => context.now() });
}

/** Bytes on one line that moves, notes on lines of their own. */
export function showProgress(verb: string, console: Console): TransferEvents {
  return {
    onProgress: ({ path, bytes, totalBytes }) => {
      const of = totalBytes === undefined ? '' : ` of ${formatBytes(totalBytes)}`;
      console.progress(`${verb}: ${path} ${formatBytes(bytes)}${of}`);
    },
    onNote: (text) => console.warn(text),
  };
}
