import { join } from 'node:path';
import { parseLocation } from '../../store/location.js';
import { pull } from '../../store/pull.js';
import type { StoreWorld } from '../../store/world.js';
import type { Log } from '../log/log.js';

/** From this size on a file's way is told in steps of a tenth. */
const largeBytes = 64 << 20;

/** What models are fetched with. */
export interface Fetching {
  readonly cacheFolder: string;
  readonly world: StoreWorld;
  readonly log: Log;
}

/** Brings models from where they are kept into the cache, each step one line of the log, and answers where they are. */
export async function fetchModels(text: string, { cacheFolder, world, log }: Fetching): Promise<string> {
  const location = parseLocation(text);
  const from = location.shown;
  const startMs = world.now();
  const told = new Map<string, number>();
  log.info({ from }, 'fetching models');
  const { path, revision, files, wasHere } = await pull({
    location,
    cache: join(cacheFolder, 'models'),
    world,
    events: {
      onNote: (note) => log.warn({ from }, note),
      onProgress: ({ path: file, bytes, totalBytes = 0 }) => {
        const tenth = Math.floor((bytes * 10) / totalBytes);
        if (totalBytes < largeBytes || tenth === (told.get(file) ?? 0)) return;
        told.set(file, tenth);
        log.info({ from, file, bytes, totalBytes }, 'fetching models');
      },
    },
  });
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  log.info({ from, revision, files: files.length, bytes, ms: world.now() - startMs, wasHere }, 'models are here');
  return path;
}
